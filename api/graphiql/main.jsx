// The page at /graphiql: GraphiQL with the tour in its first tabs.
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './page.css';

import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { LiveBalance } from './LiveBalance.jsx';
import { NewIds } from './NewIds.jsx';
import { storageFor, tabsOfThisVisit } from './storage.js';
import { headersFor, tourTabs } from './tour.js';
import { fetcher } from './transport.js';

// In development on this machine the service fills in tokens; elsewhere it has none to give.
async function settings() {
  const response = await fetch(new URL('graphiql/settings.json', document.baseURI));
  return response.json();
}

function Page({ settings }) {
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storageFor(settings)}
      defaultTabs={tabsOfThisVisit(tourTabs(settings), settings)}
      defaultHeaders={headersFor('user', settings)}
      defaultEditorToolsVisibility={settings.development ? 'variables' : 'headers'}
      shouldPersistHeaders={settings.development ? false : undefined}
    >
      <GraphiQL.Logo>
        <span className="page-logo">ChatNow Credits</span>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, copy, merge }) => (
          <>
            <NewIds />
            {prettify}
            {copy}
            {merge}
          </>
        )}
      </GraphiQL.Toolbar>
      {settings.user && (
        <GraphiQL.Footer>
          <LiveBalance token={settings.user} />
        </GraphiQL.Footer>
      )}
    </GraphiQL>
  );
}

createRoot(document.getElementById('graphiql')).render(<Page settings={await settings()} />);
