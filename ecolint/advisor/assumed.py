"""The room where a workload is put together: lengths, requests in numbers or words, price and grid."""

from __future__ import annotations

from dataclasses import replace

from ecolint import catalog
from ecolint.advisor import words
from ecolint.advisor.parameters import Parameters, Trouble, nearest
from ecolint.model import Workload
from ecolint.speech import Said, say

PROMPT = (128, 4096)
GENERATED = (1, 2048)
"""What may be asked for, as the EcoCompute skill v2.5.0 validates it ("Input Parameters")."""
MOST_REQUESTS = 10**13
EXAMPLE = '--workload "10,000 users/day"'


class Assumed:
    """The workload of a question: `workload`, `shown` conversions, and the hours a day where those were named."""

    def __init__(self, parameters: Parameters, settings: Workload) -> None:
        self.parameters = parameters
        self.shown: list[Said] = []
        self.hours: float | None = None
        self.workload = self._requests(self._grid(self._lengths(settings)))

    def _lengths(self, workload: Workload) -> Workload:
        prompt = self.parameters.whole("--prompt-tokens", *PROMPT, "512")
        generated = self.parameters.whole("--generated-tokens", *GENERATED, "256")
        return replace(
            workload,
            prompt_tokens=prompt or workload.prompt_tokens,
            generated_tokens=generated or workload.generated_tokens,
        )

    def _requests(self, workload: Workload) -> Workload:
        requests = self.parameters.whole("--requests-per-month", 1, MOST_REQUESTS, "1000000")
        said = self.parameters.written("--workload")
        if said is None:
            return workload if requests is None else replace(workload, requests_per_month=requests)
        if self.parameters.written("--requests-per-month") is not None:
            wrong = say("--requests-per-month says the same: write one of them")
            self.parameters.trouble(Trouble("--workload", said, wrong, example=EXAMPLE))
            return workload
        try:
            load = words.load(said)
        except words.NoSuchWorkload:
            wrong = say("these words are not understood")
            valid = '"10,000 users/day", "500 requests an hour", "1 GB of text", "2 million tokens", "8 hours a day"'
            self.parameters.trouble(Trouble("--workload", said, wrong, valid, example=EXAMPLE))
            return workload
        if max(load.requests or 0.0, load.tokens or 0.0) > MOST_REQUESTS:
            wrong = say("out of range")
            valid = say("up to {most:,} requests a month", most=MOST_REQUESTS)
            self.parameters.trouble(Trouble("--workload", said, wrong, valid, example=EXAMPLE))
            return workload
        self.shown.append(load.shown)
        self.hours = load.hours_a_day
        if load.tokens is not None:
            return replace(workload, requests_per_month=self._of_tokens(load.tokens, workload.generated_tokens))
        if load.requests is None:
            return workload
        return replace(workload, requests_per_month=max(1, round(load.requests)))

    def _of_tokens(self, tokens: float, generated: int) -> int:
        requests = max(1, round(tokens / generated))
        self.shown.append(
            say(
                "text is taken as generated, for energy is measured for each generated token:"
                " {tokens:,.0f} tokens / {generated:,} a request = {requests:,} requests",
                tokens=tokens,
                generated=generated,
                requests=requests,
            )
        )
        return requests

    def _grid(self, workload: Workload) -> Workload:
        """Price and grid: a region gives both, and what is said outright wins over it."""
        price = self.parameters.number("--price-per-kwh", 0.0, 100.0, "0.12")
        carbon = self.parameters.number("--carbon-intensity", 0.0, 5000.0, "390")
        pue = self.parameters.number("--pue", 1.0, 5.0, "1.1")
        workload = self._region(workload, price)
        if price is not None and carbon is not None:
            workload = replace(workload, region=say("as set"))
        elif price is not None or carbon is not None:
            workload = replace(workload, region=say("{region}, partly as set", region=workload.region))
        return replace(
            workload,
            price_per_kwh=workload.price_per_kwh if price is None else price,
            carbon_intensity=workload.carbon_intensity if carbon is None else carbon,
            pue=workload.pue if pue is None else pue,
        )

    def _region(self, workload: Workload, price: float | None) -> Workload:
        name = self.parameters.written("--region")
        if name is None:
            return workload
        region = catalog.region(name)
        if region is None:
            known = [one.name for one in catalog.all_regions()]
            close = nearest(name, known, 0.5)
            wrong, valid = say("the catalogue has no such region"), ", ".join(known)
            self.parameters.trouble(Trouble("--region", name, wrong, valid, close, "--region France", close))
            return workload
        known_price = region.price_per_kwh
        if known_price is None:
            known_price = workload.price_per_kwh
            if price is None:
                told = say(
                    "{region}: no price is known, ${price:g} a kWh stands in", region=region.name, price=known_price
                )
                self.shown.append(told)
        return replace(
            workload, region=region.name, carbon_intensity=region.carbon_intensity, price_per_kwh=known_price
        )
