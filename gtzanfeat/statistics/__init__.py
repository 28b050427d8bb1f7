"""Statistics: numbers per clip from numbers per frame, and the shape of histograms.

`tracks` holds plain functions of one track, `summaries` the named rows that feature sets refer to, and
`histogram_shape` the moments of beat and pitch histograms. None of them depends on what a column means.
"""
