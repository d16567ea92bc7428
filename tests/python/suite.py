"""gql over HTTP and WebSocket: a query, a mutation, a subscription; a refusal, a fault, a restart.

Started by the Rust test `outside`, which gives it a service and answers what it asks for on standard
output, as tests/clients/support/service.js does.
"""

import asyncio
import json
import os
import sys
import uuid

import aiohttp
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

URL = os.environ["CREDITS_URL"]
STUDIO = os.environ["CREDITS_STUDIO_TOKEN"]
USER = os.environ["CREDITS_USER_TOKEN"]
ACCOUNT = "ada"
# A story has no time limit, so the libraries get none: a slow machine makes the suite slow.
NO_TIMEOUT = {"timeout": aiohttp.ClientTimeout()}

BALANCE = gql("query { viewer { accountId balance { sequence available } } }")
CHARGE = gql(
    """
    mutation ($input: ChargeInput!) {
      charge(input: $input) {
        cost
        balance { sequence available }
        userErrors { __typename code ... on InsufficientCredits { needed available shortBy } }
      }
    }
    """
)
FEED = gql(
    """
    subscription ($accountId: ID, $after: Sequence) {
      balance(accountId: $accountId, afterSequence: $after) {
        snapshot
        sequence
        balance { sequence available }
      }
    }
    """
)
OPERATIONS = gql("subscription ($after: Sequence) { operations(afterSequence: $after) { sequence } }")


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def over_http(token, **session):
    session = {**NO_TIMEOUT, **session}
    transport = AIOHTTPTransport(url=URL, headers=bearer(token), client_session_args=session)
    return Client(transport=transport, fetch_schema_from_transport=True, execute_timeout=None)


def over_socket(token):
    transport = WebsocketsTransport(
        url=URL.replace("http", "ws", 1),
        init_payload=bearer(token),
        # Left to itself, gql 4.4 looks for the answer's Sec-WebSocket-Protocol in exactly these
        # letters; ours come in small ones, as they may.
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        connect_timeout=None,
        ack_timeout=None,
        close_timeout=None,
        connect_args={"open_timeout": None, "ping_timeout": None, "close_timeout": None},
    )
    return Client(transport=transport, execute_timeout=None)


def picture(**more):
    request = {"accountId": ACCOUNT, "action": "text-to-image", "model": "pencil", **more}
    return {"operationId": str(uuid.uuid4()), **request}


async def charge(session, **more):
    answer = await session.execute(CHARGE, variable_values={"input": picture(**more)})
    return answer["charge"]


def ask_for(request):
    """Asks the Rust test for something, and gives its answer."""
    print(f"@{request}", flush=True)
    return json.loads(sys.stdin.readline())


async def a_query_and_a_mutation(connect):
    async with connect(STUDIO) as studio, connect(USER) as user:
        before = (await user.execute(BALANCE))["viewer"]["balance"]
        paid = await charge(studio)
        assert (paid["userErrors"], paid["cost"]) == ([], 5), paid
        after = (await user.execute(BALANCE))["viewer"]["balance"]
        assert after == paid["balance"], (after, paid)
        assert after["available"] == before["available"] - 5, (before, after)


async def a_refusal_is_data_and_a_fault_is_raised(connect):
    async with connect(STUDIO) as studio, connect(USER) as user:
        film = {"action": "text-to-video", "model": "reel", "seconds": 10, "variations": 4}
        available = (await user.execute(BALANCE))["viewer"]["balance"]["available"]
        assert (await charge(studio, **film))["userErrors"] == [
            {
                "__typename": "InsufficientCredits",
                "code": "INSUFFICIENT_CREDITS",
                "needed": 600,
                "available": available,
                "shortBy": 600 - available,
            }
        ]
        try:
            await charge(user)
        except TransportQueryError as error:
            assert error.errors[0]["extensions"]["code"] == "FORBIDDEN", error.errors
        else:
            raise AssertionError("a user can't charge")


async def a_refused_token_is_a_401():
    statuses = []

    async def note(_session, _context, request):
        statuses.append(request.response.status)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(note)
    try:
        async with over_http("no.longer.good", trace_configs=[trace]) as nobody:
            await nobody.execute(BALANCE)
    except TransportQueryError as error:
        assert error.errors[0]["extensions"]["code"] == "UNAUTHENTICATED", error.errors
        assert statuses == [401], statuses
    else:
        raise AssertionError("the token is no good")


async def a_subscription_follows():
    async with over_http(STUDIO) as studio, over_socket(USER) as user:
        feed = user.subscribe(FEED)
        first = (await anext(feed))["balance"]
        assert first["snapshot"] is True, first
        for _ in range(3):
            paid = await charge(studio)
            update = (await anext(feed))["balance"]
            assert update["snapshot"] is False, update
            assert update["balance"] == paid["balance"], (update, paid)
        await feed.aclose()


async def a_feed_resumes_after_a_restart():
    seen = [0]

    async def follow(until):
        async with over_socket(USER) as user:
            async for event in user.subscribe(OPERATIONS, variable_values={"after": seen[-1]}):
                seen.append(event["operations"]["sequence"])
                if seen[-1] == until:
                    return

    async with over_http(STUDIO) as studio:
        paid = await charge(studio)
    await follow(paid["balance"]["sequence"])
    ask_for("restart SIGKILL")
    async with over_http(STUDIO) as studio:
        await charge(studio)
        paid = await charge(studio)
    await follow(paid["balance"]["sequence"])
    assert seen == list(range(paid["balance"]["sequence"] + 1)), seen


async def main():
    for connect in [over_http, over_socket]:
        for story in [a_query_and_a_mutation, a_refusal_is_data_and_a_fault_is_raised]:
            await story(connect)
            print(f"ok: {story.__name__} {connect.__name__}", flush=True)
    for story in [a_refused_token_is_a_401, a_subscription_follows, a_feed_resumes_after_a_restart]:
        await story()
        print(f"ok: {story.__name__}", flush=True)


asyncio.run(main())
