"""The rules as an observer of a running mock (entry-point group ``pass_harness.observers``)."""

from __future__ import annotations

from collections.abc import Sequence

from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.printable import presentable
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import RuleReport
from pass_harness.conformance.reports.run import Run
from pass_harness.mock_server.exchange import Exchange, Stall
from pass_harness.mock_server.live.observer import Finding


class LiveRules:
    """The live evaluation of the exchanges of one space, with the default expectations.

    There is no driver, so rules on the answers of the service to the app are untestable.
    """

    def __init__(self) -> None:
        rules = all_rules()
        self._untestable = lacking(rules, None)
        self._judge = Judge(rules, Expectations(), driven=False)

    def observe(self, exchange: Exchange) -> list[Finding]:
        return [
            presentable(
                Finding(
                    rule=finding.card.id,
                    title=finding.card.title,
                    severity=str(finding.card.grade),
                    exchanges=finding.evidence.exchanges,
                    device=finding.evidence.device,
                    expected=finding.evidence.expected,
                    observed=finding.evidence.observed,
                    blame=str(finding.evidence.blame),
                    kind=finding.evidence.kind,
                )
            )
            for finding in self._judge.observe(exchange)
        ]

    def rules(self, stalls: Sequence[Stall]) -> list[RuleReport]:
        self._judge.stalled(stalls)
        return compose(self._judge.so_far(untestable=self._untestable), run=Run()).rules
