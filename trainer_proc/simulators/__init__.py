"""Simulators: build environments and answer what the trainer asks of them."""
