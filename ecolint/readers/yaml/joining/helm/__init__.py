"""Helm charts: their templates filled with the values that the chart itself gives, each character with its origin."""
