"""The shapes of what goes in and out: they make the answers and the OpenAPI document alike."""
