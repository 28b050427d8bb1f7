"""Slow twins of the features: their formulae in plain float64 numpy, one file per family.

They import nothing from the package, share no code with it, and prefer being plainly right to being quick.
The closed forms of ``tests/test_reference.py`` prove the twins, and the twins prove the kernels. A file that
ends in ``TWINS``, by name of feature, is found by ``tests/test_feature_contract.py``.
"""
