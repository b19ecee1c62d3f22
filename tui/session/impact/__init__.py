"""What an intervention did, and how sure that is."""
