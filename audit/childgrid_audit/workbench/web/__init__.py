"""The workbench's web application: for one auditor, on the own machine.

`door` decides who may look, `rooms` what each page shows, `app` puts them together,
`serve` listens on loopback. It changes nothing but what an auditor signs, and it sends
nothing anywhere.
"""
