// A button: new operation ids in this tab's variables, so that running it again is another operation.
import { ToolbarButton, useGraphiQL } from '@graphiql/react';
import { renewed } from './ids.js';

export function NewIds() {
  const editor = useGraphiQL((state) => state.variableEditor);
  return (
    <ToolbarButton
      label="New ids: running this tab again is another operation"
      onClick={() => editor?.setValue(renewed(editor.getValue()))}
    >
      <span className="new-ids" aria-hidden="true">
        new
        <br />
        ids
      </span>
    </ToolbarButton>
  );
}
