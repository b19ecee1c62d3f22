"""The headless core of the dashboard: no Textual here, so that every part can be tested without a screen."""
