"""Watch any training through its TensorBoard files."""
