"""Questions that this library can be asked: made from its articles, tried before they are offered.

Doesn't show them (ui.page.rendering does), nor know the framework.
"""
