"""The library as an MCP server, on stdio and over HTTP: tools over rag's Service.

It speaks the protocol through the official `mcp` package and decides nothing about answers. What
articles say is data in the results, never part of a tool's description.
"""
