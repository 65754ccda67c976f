"""Pages that are served to a browser, beside the report, which is a file."""
