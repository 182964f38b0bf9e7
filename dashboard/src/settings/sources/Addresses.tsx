import type { Source } from "../../api/types";
import { CopyField } from "../../shell/CopyField";
import { snippet, trackingSnippet } from "./vendors";

/** Where to send to; and for sources that need no signature, their form. */
export function Addresses({ source }: { source: Source }) {
  return (
    <>
      <CopyField label="Address" value={source.url} helperText="Where the sender posts to." />
      {!source.signed && (
        <>
          <CopyField label="Form" value={source.form_url} helperText="A form of its own, to link to." />
          <CopyField
            label="Snippet"
            value={snippet(source.form_url)}
            helperText="Puts the form into a page of yours."
          />
          <CopyField
            label="Tracking"
            value={trackingSnippet(source.form_url, source.id)}
            helperText="Shows which pages a lead has seen. It stores and sends nothing before your page calls leadflow.consent(true)."
          />
        </>
      )}
    </>
  );
}
