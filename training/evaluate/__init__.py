"""How good, how like the original and how safe a model is, beside the ones before it.

    report = evaluate(EvalConfig(...))     report.json and report.md in the config's folder
    objections(report)                reasons against serving the last model; none: promote it

docs/evaluation.md says what every number means.
"""
