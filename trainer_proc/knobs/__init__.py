"""What can be changed while a training runs. Each module discovers one kind of knob in a built environment."""
