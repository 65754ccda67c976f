"""Charts of a report, one function a figure; each returns inline SVG that scripts play no part in.

Colours of text and rules are `currentColor`, so that a chart follows the page into the dark.
"""
