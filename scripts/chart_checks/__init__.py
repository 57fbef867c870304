"""Checks of the rendered chart, one module for each tool; scripts/check_chart.py runs them."""
