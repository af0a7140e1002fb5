"""The catalogue, a module for each area of the product."""
