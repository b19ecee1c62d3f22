"""Play a gate's plan in the training simulator, under the gate's conditions, and record the golden trace."""
