"""The parts of the page, top to bottom; each returns HTML, empty where there is nothing to say."""
