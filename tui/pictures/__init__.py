"""Charts as files: vector pictures with axes and legends, bitmaps of them, and tables of their points."""
