"""Sessions: sign-in sheets to print, attendance read back as facts."""
