//! Advice counted anew: what is told with a spend, from the charges before it and what the account has.

use std::{collections::BTreeMap, sync::Arc};

use credits_core::domain::{
    advice::{Advisory, AdvisoryFact, ModelUse},
    credits::Credits,
    ids::{ModelId, Sequence},
};

use crate::{
    care::{Care, Run},
    purse::Purse,
    traffic,
};

impl Care {
    /// What was told with a spend is what a recount says.
    pub fn check_advice(&mut self, run: &Run, told: &[Arc<Advisory>], before: &Purse) {
        let mut counted: Vec<(AdvisoryFact, Vec<Sequence>)> = Vec::new();
        let facts = [
            self.repeated_prompt(run),
            many_variations(run),
            self.video_cost(run),
            self.model_switch(run),
            large_share(run, before.available()).map(|fact| (fact, Vec::new())),
            before.ending_soon(run.cost, run.at).map(|(amount, at)| {
                (
                    AdvisoryFact::ExpiringSoon {
                        amount: credits(amount),
                        at,
                    },
                    Vec::new(),
                )
            }),
        ];
        counted.extend(facts.into_iter().flatten());
        let told: Vec<_> = told
            .iter()
            .map(|one| (one.fact.clone(), one.basis.clone()))
            .collect();
        if told != counted {
            self.problems.push(format!(
                "{run:?} was told {told:?}, a recount says {counted:?}"
            ));
        }
    }

    fn repeated_prompt(&self, run: &Run) -> Option<(AdvisoryFact, Vec<Sequence>)> {
        let (model, prompt) = (&run.spend.terms.model, run.spend.fingerprint);
        let earlier: Vec<&Run> = self
            .remembered()
            .filter(|one| one.repeats(model, prompt, run.at))
            .collect();
        let fact = AdvisoryFact::RepeatedPrompt {
            run: u32::try_from(earlier.len()).unwrap() + 1,
            credits_so_far: credits(earlier.iter().map(|one| one.cost).sum()),
            window_minutes: 10,
        };
        (earlier.len() >= 2).then(|| (fact, sequences(&earlier)))
    }

    fn video_cost(&self, run: &Run) -> Option<(AdvisoryFact, Vec<Sequence>)> {
        let images: Vec<&Run> = self.remembered().filter(|one| !one.is_video()).collect();
        let image_model = images.first()?.spend.terms.model.clone();
        let fact = AdvisoryFact::VideoCost {
            images: u64::try_from(run.cost / 2).unwrap(),
            image_model,
            image_cost: credits(2),
        };
        run.is_video().then(|| (fact, sequences(&images)))
    }

    fn model_switch(&self, run: &Run) -> Option<(AdvisoryFact, Vec<Sequence>)> {
        let project = run.spend.project.as_ref()?;
        let of_it = |one: &&Run| {
            one.spend.project.as_ref() == Some(project) && one.is_video() == run.is_video()
        };
        let before: Vec<&Run> = self.remembered().filter(of_it).collect();
        let previous = before.last()?.spend.terms.model.clone();
        if previous == run.spend.terms.model {
            return None;
        }
        let mut uses: BTreeMap<&ModelId, (u32, i64)> = BTreeMap::new();
        for one in &before {
            let (charges, sum) = uses.entry(&one.spend.terms.model).or_default();
            (*charges, *sum) = (*charges + 1, *sum + one.cost);
        }
        let mut used: Vec<ModelUse> = uses
            .into_iter()
            .map(|(model, (charges, sum))| ModelUse {
                model: model.clone(),
                charges,
                credits: credits(sum),
            })
            .collect();
        used.sort_by_key(|one| std::cmp::Reverse(one.charges));
        let terms = &run.spend.terms;
        let there = traffic::price(previous.as_str(), terms.variations, terms.seconds);
        let fact = AdvisoryFact::ModelSwitch {
            project: project.clone(),
            used,
            previous,
            costs_more_by: there.map(|there| run.cost - there),
        };
        Some((fact, sequences(&before)))
    }
}

fn many_variations(run: &Run) -> Option<(AdvisoryFact, Vec<Sequence>)> {
    let terms = &run.spend.terms;
    let one = traffic::price(terms.model.as_str(), 1, terms.seconds)?;
    let fact = AdvisoryFact::ManyVariations {
        variations: terms.variations,
        cost_of_one: credits(one),
    };
    (terms.variations >= 4).then(|| (fact, Vec::new()))
}

fn large_share(run: &Run, available: i64) -> Option<AdvisoryFact> {
    let percent = u32::try_from(run.cost * 100 / available.max(1)).unwrap();
    let fact = AdvisoryFact::LargeShare {
        percent,
        available: credits(available),
    };
    (available > 0 && percent >= 25).then_some(fact)
}

fn sequences(runs: &[&Run]) -> Vec<Sequence> {
    runs.iter().map(|run| run.sequence).collect()
}

fn credits(amount: i64) -> Credits {
    Credits::new(amount).unwrap()
}
