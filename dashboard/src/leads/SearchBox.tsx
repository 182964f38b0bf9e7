import { IconButton, InputAdornment, TextField } from "@mui/material";
import { Search, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";

const TYPING_PAUSE_MS = 250;

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Searches when typing pauses. "/" goes here from anywhere, Escape empties it. */
export function SearchBox({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  const [shown, setShown] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  if (value !== shown) {
    // The address changed by something else (a view, "Clear", going back).
    setShown(value);
    if (value !== text.trim()) setText(value);
  }

  function type(next: string) {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(next.trim()), TYPING_PAUSE_MS);
  }

  useEffect(() => {
    const goHere = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.metaKey || event.ctrlKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", goHere);
    return () => {
      document.removeEventListener("keydown", goHere);
      clearTimeout(timer.current);
    };
  }, []);

  return (
    <TextField
      value={text}
      onChange={(event) => type(event.target.value)}
      onKeyDown={(event) => event.key === "Escape" && type("")}
      placeholder="Name, email or company"
      inputRef={input}
      sx={{
        width: { xs: 1, md: 220, lg: 280 },
        flexShrink: 0,
        "& .MuiInputBase-root": { height: 34, bgcolor: "background.paper" },
      }}
      slotProps={{
        htmlInput: { "aria-label": "Search leads", "aria-keyshortcuts": "/", maxLength: 200 },
        input: {
          startAdornment: (
            <InputAdornment position="start">
              <Search size={15} aria-hidden />
            </InputAdornment>
          ),
          endAdornment: text ? (
            <IconButton size="small" aria-label="Empty the search" edge="end" onClick={() => type("")}>
              <X size={14} />
            </IconButton>
          ) : null,
        },
      }}
    />
  );
}
