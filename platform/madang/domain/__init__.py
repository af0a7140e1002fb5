"""Plain data and its rules: states, transitions, reasons. No I/O, no clock, no outside library."""
