// The line at the bottom: the balance of the development account, live in every tab.
//
// GraphiQL stops a subscription when its tab is left; this one stays, so that a charge in one tab is
// seen to move the balance.
import { useGraphiQL } from '@graphiql/react';
import { useEffect, useState } from 'react';
import { document } from './tour.js';
import { socketClient } from './transport.js';

const number = new Intl.NumberFormat('en');

// `token` is the user's.
export function LiveBalance({ token }) {
  const offered = useGraphiQL((state) => Boolean(state.schema?.getSubscriptionType()));
  const [connected, setConnected] = useState(false);
  const [balance, setBalance] = useState(null);

  useEffect(() => {
    if (!offered) return;
    const client = socketClient(`Bearer ${token}`, {
      retryAttempts: Infinity,
      shouldRetry: () => true,
      on: { connected: () => setConnected(true), closed: () => setConnected(false) },
    });
    client.subscribe(
      { query: document('live.graphql') },
      {
        next: ({ data }) => data && setBalance({ ...data.balance.balance, sequence: data.balance.sequence }),
        error: () => setConnected(false),
        complete: () => setConnected(false),
      },
    );
    return () => client.dispose();
  }, [offered, token]);

  if (!offered) return null;
  return (
    <div className="live-balance" role="status" data-connected={connected}>
      <span className="live-dot" aria-hidden="true" />
      {balance ? <Numbers balance={balance} /> : 'Waiting for the balance …'}
      {!connected && balance && <em>reconnecting …</em>}
    </div>
  );
}

function Numbers({ balance: { available, held, allowance, sequence } }) {
  return (
    <>
      {/* The key restarts the flash at every change. */}
      <strong key={sequence}>{number.format(available)} available</strong>
      {allowance && (
        <span>
          {number.format(allowance.used)} of {number.format(allowance.granted)} used
        </span>
      )}
      <span>{number.format(held)} held</span>
      <span className="live-quiet">sequence {sequence}</span>
    </>
  );
}
