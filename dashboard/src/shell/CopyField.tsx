import { Button, InputAdornment, TextField } from "@mui/material";
import { Check, Copy } from "lucide-react";
import { useRef, useState } from "react";
import { MONO } from "./theme";

const SAID_MS = 2000;

interface CopyFieldProps {
  label: string;
  value: string;
  rows?: number;
  helperText?: string;
}

/** Something to be put elsewhere: shown whole, and copied with one press. */
export function CopyField({ label, value, rows = 1, helperText }: CopyFieldProps) {
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement | HTMLTextAreaElement>(null);

  async function copy() {
    field.current?.select(); // where the clipboard is closed to us, Ctrl + C does the rest
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      return;
    }
    setCopied(true);
    setTimeout(() => setCopied(false), SAID_MS);
  }

  return (
    <TextField
      label={label}
      value={value}
      multiline={rows > 1}
      minRows={rows}
      fullWidth
      helperText={helperText}
      inputRef={field}
      onFocus={(event) => event.target.select()}
      sx={{ "& input, & textarea": { fontFamily: MONO } }}
      slotProps={{
        inputLabel: { shrink: true },
        input: {
          readOnly: true,
          endAdornment: (
            <InputAdornment position="end">
              <Button
                onClick={() => void copy()}
                startIcon={copied ? <Check size={14} /> : <Copy size={14} />}
                aria-label={copied ? `${label}: copied` : `Copy ${label}`}
                sx={{ minWidth: 84, mr: -1 }}
              >
                <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
              </Button>
            </InputAdornment>
          ),
        },
      }}
    />
  );
}
