"""The service's HTTP side: routes by noun, one identity behind two doors, one error shape.

Every door of Madang (spawner, client, command line, pages) ends here. Routes read the request,
call one use-case of :mod:`madang.services` and send its view; they hold no rules of their own.
"""
