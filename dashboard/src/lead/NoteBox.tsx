import { Box, Button, InputBase } from "@mui/material";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { idempotencyKey } from "../api/client";
import { useNote } from "./commands";

const NOTE_LENGTH_MAX = 10_000;

interface NoteBoxProps {
  id: string;
  /** Ids of the notes already in the timeline. */
  known: readonly string[];
}

/** Writes a note. Ctrl or Cmd with Enter sends; when sending fails, the text is back in the box. */
export function NoteBox({ id, known }: NoteBoxProps) {
  const [text, setText] = useState("");
  const { mutate } = useNote(id);
  const ready = text.trim() !== "";

  function send() {
    const note = { text: text.trim(), known, key: idempotencyKey() };
    if (!ready) return;
    setText("");
    mutate(note, { onError: () => setText((now) => now || note.text) });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    send();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      send();
    }
  }

  return (
    <Box
      component="form"
      onSubmit={submit}
      sx={{
        border: 1,
        borderColor: "divider",
        borderRadius: 2.5,
        bgcolor: "background.paper",
        px: 1.5,
        py: 1,
        mb: 2,
        "&:focus-within": { borderColor: "primary.main" },
      }}
    >
      <InputBase
        multiline
        minRows={2}
        maxRows={12}
        fullWidth
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        placeholder="Write a note…"
        slotProps={{ input: { "aria-label": "Note", maxLength: NOTE_LENGTH_MAX } }}
        sx={{ fontSize: "0.8125rem", p: 0, "& textarea:focus-visible": { outline: "none" } }}
      />
      <Box sx={{ display: "flex", alignItems: "center", justifyContent: "flex-end", gap: 1 }}>
        <Box
          component="span"
          sx={{ fontSize: "0.75rem", color: "text.disabled", display: { xs: "none", sm: "inline" } }}
        >
          Ctrl + Enter
        </Box>
        <Button type="submit" variant="contained" disabled={!ready}>
          Add note
        </Button>
      </Box>
    </Box>
  );
}
