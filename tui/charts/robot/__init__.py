"""Draw a robot as shaded solids of braille dots, without Textual."""
