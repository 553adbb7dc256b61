"""What every page of childgrid is made of: layout, components, charts, headers.

Shared by the officers' portal and the auditor's workbench, which may not import each
other; so it stands below both, knows neither, and no statement, log or key. Pages are
made on the server and work without scripts; the components follow GOV.UK's patterns
without its crown, font or name. The rule it keeps: whatever goes into a page is
escaped, and a page may load nothing but its own style sheet.
"""
