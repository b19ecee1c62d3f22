"""One command a module, of its name; `shared` holds what several commands need."""
