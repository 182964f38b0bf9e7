import { Box } from "@mui/material";
import type { Source } from "../../api/types";
import { FormDialog } from "../../shell/FormDialog";
import { notify } from "../../shell/notices";
import { useSaveOptIn } from "./queries";

/** What is ticked in the source's form counts at once, or only once it was confirmed by mail. */
export function OptInDialog({ source, close }: { source: Source; close: () => void }) {
  const { mutate, error, isPending } = useSaveOptIn(source);
  const wanted = !source.double_opt_in;
  return (
    <FormDialog
      title={wanted ? `Have consent to ${source.name} confirmed?` : `No more confirmations for ${source.name}?`}
      action={wanted ? "Ask for confirmation" : "Stop asking"}
      busy={isPending}
      error={error}
      onSubmit={() =>
        mutate(wanted, {
          onSuccess: () => {
            notify(wanted ? "Consent has to be confirmed by mail now." : "Consent counts at once now.");
            close();
          },
        })
      }
      close={close}
    >
      <Box sx={{ fontSize: "0.8125rem" }}>
        {wanted
          ? "Who ticks the box of the form gets one mail with a link. Until they confirm there, their consent doesn't count, and they get no other mail."
          : "What is ticked in the form counts at once. What waits for a confirmation goes on waiting."}
      </Box>
    </FormDialog>
  );
}
