"""Everything that is not lead management: settings, wiring, command line, gateway, servers, and the runtime of the log."""
