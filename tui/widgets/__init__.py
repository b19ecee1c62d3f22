"""What the screens are made of. Widgets hold no logic that a test without a screen could test."""
