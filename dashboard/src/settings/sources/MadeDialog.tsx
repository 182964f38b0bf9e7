import type { SourceMade } from "../../api/types";
import { CopyField } from "../../shell/CopyField";
import { OnceDialog } from "../../shell/OnceDialog";
import { Addresses } from "./Addresses";

/** A source with its secret, which is shown here and never again. */
export function MadeDialog({ title, made, close }: { title: string; made: SourceMade; close: () => void }) {
  return (
    <OnceDialog
      title={title}
      warning={
        made.signed
          ? "Copy the secret now: it is shown once and never again."
          : "Whoever knows the address can send to it: give it only to those who should."
      }
      done="Done"
      close={close}
    >
      <Addresses source={made} />
      {made.signed && <CopyField label="Secret" value={made.secret} helperText="What the sender signs with." />}
    </OnceDialog>
  );
}
