import { Box, ListItemText, MenuItem, TextField } from "@mui/material";
import { messageFor } from "../../api/problem";
import { usePeople } from "../../people";
import { FormDialog } from "../../shell/FormDialog";
import { sentence } from "../../shell/names";
import { notify } from "../../shell/notices";
import { useCreateUser } from "./queries";
import { HUMAN_ROLES, type HumanRole, ROLE_NAMES } from "./roles";

/** Lets somebody in: they are sent a link to choose a password. */
export function InviteDialog({ close }: { close: () => void }) {
  const { mutate, error, isPending } = useCreateUser();
  const people = usePeople().data ?? [];
  const wrong = (field: string) => ({
    error: messageFor(error, field) !== undefined,
    helperText: messageFor(error, field),
  });

  function submit(form: FormData) {
    const text = (name: string) => String(form.get(name) ?? "").trim();
    const email = text("email");
    mutate(
      { email, name: text("name"), role: text("role") as HumanRole, person: text("person") || null },
      {
        onSuccess: () => {
          notify(`A link to choose a password is on its way to ${email}.`);
          close();
        },
      },
    );
  }

  return (
    <FormDialog
      title="Invite somebody"
      action="Send the invitation"
      busy={isPending}
      error={error}
      said={["email", "name"].some((field) => messageFor(error, field) !== undefined)}
      onSubmit={submit}
      close={close}
    >
      <TextField label="Email" name="email" type="email" required autoFocus {...wrong("email")} />
      <TextField label="Name" name="name" required {...wrong("name")} />
      <TextField label="Role" name="role" select defaultValue="rep">
        {ROLE_NAMES.map((role) => (
          <MenuItem key={role} value={role}>
            <ListItemText
              primary={sentence(role)}
              secondary={HUMAN_ROLES[role]}
              slotProps={{ primary: { variant: "body2" }, secondary: { variant: "caption" } }}
              sx={{ my: 0 }}
            />
          </MenuItem>
        ))}
      </TextField>
      <TextField
        label="Owns the leads of"
        name="person"
        select
        defaultValue=""
        slotProps={{ inputLabel: { shrink: true }, select: { displayEmpty: true } }}
      >
        <MenuItem value="">Nobody</MenuItem>
        {people.map(({ id, name }) => (
          <MenuItem key={id} value={id}>
            {name}
          </MenuItem>
        ))}
      </TextField>
      <Box sx={{ fontSize: "0.75rem", color: "text.secondary" }}>They get a mail with a link to choose a password.</Box>
    </FormDialog>
  );
}
