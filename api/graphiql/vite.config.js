// How the page is built into `dist/`, which is committed and embedded in the program.
//
// Every reference is relative, so that the page also works behind a proxy that adds a prefix. The
// page itself is /graphiql, without a slash at the end; its files are in /graphiql/.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  base: './',
  worker: { format: 'es' },
  experimental: {
    renderBuiltUrl: (file, { hostType }) =>
      hostType === 'html' ? `./graphiql/${file}` : { relative: true },
  },
  // Monaco is what it is: one large chunk.
  build: { chunkSizeWarningLimit: 10_000 },
});
