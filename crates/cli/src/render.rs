//! Reports as text for people.

use cloakroom_core::{Conservation, Outcome, Tally};
use cloakroom_pipeline::audit::{SampleReport, ShownObject, WrittenProof};
use cloakroom_pipeline::catalogue::CatalogueReport;
use cloakroom_pipeline::crosswalk::CrosswalkReport;
use cloakroom_pipeline::delivery::{DeliveryReport, LabelReport, PartReport};
use cloakroom_pipeline::demo::DemoReport;
use cloakroom_pipeline::extract::ExtractReport;
use cloakroom_pipeline::inbox::InboxReport;
use cloakroom_pipeline::init::InitReport;
use cloakroom_pipeline::profiles::{
    ProfileCheck, ProfileDifferences, ProfileExplanation, ProfileList, ProfileText,
};
use cloakroom_pipeline::release::{
    BuildReport, DiffReport, RevealReport, SealReport, WithdrawnReport,
};
use cloakroom_pipeline::report::WrittenReport;
use cloakroom_pipeline::reviewers::ReviewerReport;
use cloakroom_pipeline::travel::Travelling;
use cloakroom_pipeline::verify::VerifyReport;
use cloakroom_pipeline::withdraw::WithdrawReport;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;

/// Prints to standard output. A reader that has gone away, such as `head`, is no failure.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end());
}

/// A report that can be told in text.
pub(crate) trait Render {
    /// The report as lines for a terminal.
    fn render(&self) -> String;
}

/// How wide tables are where there is no terminal to ask.
const WIDTH: u16 = 120;

/// A table without a frame.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !table.is_tty() {
        table.set_width(WIDTH);
    }
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Bytes in the unit that a person would use.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes, 0);
    let mut rest = 0;
    while value >= 1000 && unit + 1 < UNITS.len() {
        rest = value % 1000;
        value /= 1000;
        unit += 1;
    }
    if unit == 0 || value >= 100 {
        return format!("{value} {}", UNITS[unit]);
    }
    format!("{value}.{} {}", rest / 100, UNITS[unit])
}

/// How streams ended, with what it means and what to do.
pub(crate) fn outcomes(conservation: &Conservation) -> String {
    let rows = conservation.reasons.iter().map(|(key, tally)| {
        let (kind, reason) = key.split_once(": ").unwrap_or((key, ""));
        let outcome = Outcome::parse(kind, reason).ok();
        let meaning = outcome
            .map(|outcome| outcome.meaning().to_owned())
            .unwrap_or_default();
        let next = outcome
            .filter(|outcome| outcome.needs_person())
            .map(|outcome| outcome.next_step().to_owned());
        vec![
            key.clone(),
            tally.count.to_string(),
            bytes(tally.bytes),
            meaning,
            next.unwrap_or_default(),
        ]
    });
    table(
        &["ended", "files", "size", "what it means", "what to do"],
        rows,
    )
}

/// `found 12 files (3.4 MB)`.
pub(crate) fn tally(tally: Tally) -> String {
    format!("{} files ({})", tally.count, bytes(tally.bytes))
}

impl Render for ReviewerReport {
    fn render(&self) -> String {
        format!(
            "{} can decide in review now. The public key is {}; the secret one is in the site folder, under the passphrase.",
            self.reviewer,
            self.public_key.display()
        )
    }
}

impl Render for InitReport {
    fn render(&self) -> String {
        let folder = self.folder.display();
        let keys = self.public_keys.display();
        if self.organiser {
            return format!(
                "Made the organiser's folder {folder}.\n  It holds the key that signs releases; keep it, back it up, show it to nobody.\n  \
                 Publish {keys} where participants will find it."
            );
        }
        format!(
            "Made the site folder {folder}.\n  It holds the site key: without it the same patient cannot get the same number again, and whoever \
             has it can find out who is who.\n  Keep it in the hospital, back it up, show it to nobody.\n  \
             Give {keys} to organisers and auditors.\n\nNext: cloakroom ingest {folder} EXPORT"
        )
    }
}

impl Render for CatalogueReport {
    fn render(&self) -> String {
        let mut text = format!(
            "Found {}: {} patients, {} studies, {} series.\n{} can be de-identified.\n",
            tally(self.found),
            self.patients,
            self.studies,
            self.series,
            tally(self.ready)
        );
        if self.ended.found.count > 0 {
            let _ = writeln!(text, "\n{}", outcomes(&self.ended));
        }
        if self.ended.of("held").count + self.ended.of("quarantined").count > 0 {
            let _ = writeln!(
                text,
                "Which files these are stands in {} (for your eyes only).",
                self.problems.display()
            );
        }
        text
    }
}

impl Render for PartReport {
    fn render(&self) -> String {
        format!(
            "Part {} of {} of delivery {}: {}\n  {} series looked into\n\n{}\nWhen all parts are there: cloakroom bundle merge PART... --site SITE --out BUNDLE\n",
            self.number,
            self.of,
            self.delivery,
            self.part.display(),
            self.series,
            outcomes(&self.decided)
        )
    }
}

impl Render for DeliveryReport {
    fn render(&self) -> String {
        let mut text = String::new();
        if self.again {
            let _ = writeln!(
                text,
                "There is nothing new; delivery {} of {} was written again.",
                self.delivery, self.date
            );
        }
        let released = &self.released;
        let _ = writeln!(
            text,
            "Bundle {}: delivery {} for track {}, {}.\n  released: {} patients, {} studies, {} series, {} instances ({})\n",
            self.bundle.display(),
            self.delivery,
            self.track,
            self.date,
            released.patients,
            released.studies,
            released.series,
            released.instances,
            bytes(released.bytes)
        );
        let _ = writeln!(text, "{}", outcomes(&self.decided));
        let _ = writeln!(text, "{}", equation(&self.total));
        let _ = writeln!(
            text,
            "The log has {} leaves, and its head is signed.",
            self.log_size
        );
        if self.total.of("held").count + self.total.of("quarantined").count > 0 {
            let _ = writeln!(
                text,
                "Which files wait for a person stands in {} (for your eyes only).",
                self.problems.display()
            );
        }
        text
    }
}

/// The conservation equation in one line.
fn equation(total: &Conservation) -> String {
    let parts: Vec<String> = total
        .outcomes
        .iter()
        .map(|(kind, tally)| format!("{} {kind}", tally.count))
        .collect();
    let sign = if total.holds() { "=" } else { "≠" };
    format!(
        "Nothing is lost: {} found {sign} {}.",
        total.found.count,
        parts.join(" + ")
    )
}

impl Render for LabelReport {
    fn render(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            let kind = file.kind.map_or("", cloakroom_core::SidecarKind::name);
            let _ = writeln!(
                text,
                "File {} ({kind}): {}, {} labels kept, {} columns or keys removed",
                file.number, file.outcome, file.kept, file.columns
            );
            for (reason, count) in &file.dropped {
                let _ = writeln!(text, "  {count} labels left out: {reason}");
            }
            let removed: u32 = file.text.values().sum();
            if removed > 0 {
                let _ = writeln!(text, "  {removed} pieces of text removed");
            }
        }
        text.push('\n');
        text.push_str(&self.delivery.render());
        text
    }
}

impl Render for CrosswalkReport {
    fn render(&self) -> String {
        format!(
            "Wrote {} with {} patients and {} pairs of UIDs.\nThese files say who became whom. They stay in the hospital, and only you may read them.",
            self.files
                .iter()
                .map(|file| self.folder.join(file).display().to_string())
                .collect::<Vec<_>>()
                .join(" and "),
            self.patients,
            self.uids
        )
    }
}

impl Render for WithdrawReport {
    fn render(&self) -> String {
        format!(
            "The patient is barred from later deliveries.\nSend {} and {} to the organiser; they name the pseudonym {} and nothing else.",
            self.notice.display(),
            self.signature.display(),
            self.patient
        )
    }
}

impl Render for ExtractReport {
    fn render(&self) -> String {
        format!(
            "Unpacked {} series, {} files ({}), to {}.",
            self.series,
            self.files,
            bytes(self.bytes),
            self.folder.display()
        )
    }
}

impl Render for VerifyReport {
    fn render(&self) -> String {
        let mut text = format!(
            "Read {}: {} patients, {} series, {} instances ({}).\n",
            self.kind,
            self.counts.patients,
            self.counts.series,
            self.counts.instances,
            bytes(self.counts.bytes)
        );
        for log in &self.logs {
            let _ = writeln!(
                text,
                "Log {}: {} leaves in {} runs. {}",
                log.origin,
                log.size,
                log.runs,
                equation(&log.total)
            );
        }
        if let Some(shards) = self.incomplete {
            let _ = writeln!(
                text,
                "\nincomplete: {shards} withdrawn. The signed list in post/ names the shards; nothing else is wrong."
            );
            return text;
        }
        if !self.findings.is_empty() {
            let _ = writeln!(text, "\n{} things are wrong:", self.findings.len());
            for finding in &self.findings {
                let _ = writeln!(
                    text,
                    "  [{}] {}: {}",
                    finding.kind, finding.file, finding.words
                );
            }
            return text;
        }
        text.push_str(match self.signer.as_str() {
            "trusted" => "Everything is what it claims to be, and somebody you trust signed it.",
            _ => "Everything is consistent, but the signer is unknown: say whom you trust with --trust KEYS.",
        });
        text
    }
}

impl Render for ProfileList {
    fn render(&self) -> String {
        table(
            &["profile", "version", "options", "what it is for"],
            self.profiles.iter().map(|row| {
                vec![
                    row.id.clone(),
                    row.version.clone(),
                    row.codes.join(" "),
                    row.description.clone(),
                ]
            }),
        )
    }
}

impl Render for ProfileText {
    fn render(&self) -> String {
        self.text.clone()
    }
}

impl Render for ProfileCheck {
    fn render(&self) -> String {
        if self.mistakes.is_empty() {
            return "The profile is sound.".into();
        }
        self.mistakes.join("\n")
    }
}

impl Render for ProfileExplanation {
    fn render(&self) -> String {
        let mut text = format!("{} {}\n", self.attribute, self.keyword);
        for (action, rule) in &self.decisions {
            let _ = writeln!(text, "  action: {action}\n  rule:   {rule}");
        }
        for reason in &self.reasons {
            let _ = writeln!(text, "  because {reason}");
        }
        text
    }
}

impl Render for ProfileDifferences {
    fn render(&self) -> String {
        if self.differences.is_empty() {
            return "The two profiles do the same.".into();
        }
        table(
            &["attribute", "keyword", &self.first, &self.second],
            self.differences.iter().map(|row| row.to_vec()),
        )
    }
}

/// Patients by stratum, a column a side.
fn balance(strata: &BTreeMap<String, BTreeMap<String, u64>>) -> String {
    let sides: Vec<&String> = strata.keys().collect();
    let names: BTreeSet<&String> = strata.values().flat_map(BTreeMap::keys).collect();
    let rows = names.into_iter().map(|name| {
        let counts = sides.iter().map(|side| {
            let count = strata[*side].get(name).copied().unwrap_or_default();
            count.to_string()
        });
        std::iter::once(name.clone()).chain(counts).collect()
    });
    let heads: Vec<&str> = std::iter::once("patients by stratum")
        .chain(sides.iter().map(|side| side.as_str()))
        .collect();
    table(&heads, rows)
}

impl Render for BuildReport {
    fn render(&self) -> String {
        let mut text = format!(
            "Release {}: {} {}, {} patients, {} series, {} instances ({}).\n",
            self.release.display(),
            self.track,
            self.version,
            self.counts.patients,
            self.counts.series,
            self.counts.instances,
            bytes(self.counts.bytes)
        );
        let sides = self.splits.iter().map(|(name, counts)| {
            vec![
                name.clone(),
                counts.patients.to_string(),
                counts.series.to_string(),
                counts.instances.to_string(),
            ]
        });
        let _ = writeln!(
            text,
            "\n{}",
            table(&["side", "patients", "series", "instances"], sides)
        );
        let reasons = self.reasons.iter().map(|(reason, tally)| {
            vec![reason.clone(), tally.count.to_string(), bytes(tally.bytes)]
        });
        let _ = writeln!(
            text,
            "\n{}",
            table(&["instances of the bundles", "count", "size"], reasons)
        );
        let _ = writeln!(text, "\n{}", balance(&self.strata));
        for (check, count) in &self.findings {
            let _ = writeln!(text, "check {check}: {count} findings");
        }
        if let Some(labels) = &self.labels {
            let _ = writeln!(
                text,
                "labels: {} rows, {} masks, {} boxes; {} of the test side are withheld",
                labels.rows, labels.masks, labels.annotations, labels.withheld
            );
            for (reason, count) in &labels.left_out {
                let _ = writeln!(text, "  {count} labels left out: {reason}");
            }
        }
        for (track, patients) in &self.overlap {
            let _ = writeln!(
                text,
                "{patients} patients have an image that track {track} has too"
            );
        }
        if !self.signed {
            text.push_str(
                "No release key was found, so nobody vouches for this release. Make one with `cloakroom init OFFICE --organiser` \
                 and build again with --organiser OFFICE.",
            );
        }
        text
    }
}

impl Render for WithdrawnReport {
    fn render(&self) -> String {
        let mut text = format!(
            "Withdrawn: {}.\n{}",
            self.patients.join(", "),
            self.build.render()
        );
        for (release, shards) in &self.purged {
            let _ = writeln!(
                text,
                "{} is incomplete now: {shards} withdrawn shards were removed from it.",
                release.display()
            );
        }
        text.push_str(
            "Remove the bundles that hold the patient too; later versions are built from this one and new bundles.\n\
             Copies that participants have are theirs to update: removed.txt of the new version names the files that go.",
        );
        text
    }
}

impl Render for SealReport {
    fn render(&self) -> String {
        let mut text = format!(
            "Sealed {} labels of {} patients into {}.\n  The commitment is {}.\n",
            self.labels,
            self.patients,
            self.sealed.display(),
            self.root
        );
        if self.not_of_test_side > 0 {
            let _ = writeln!(
                text,
                "{} labels are not of the test side and were left as they are.",
                self.not_of_test_side
            );
        }
        if self.without_label > 0 {
            let _ = writeln!(
                text,
                "{} patients of the test side have no label.",
                self.without_label
            );
        }
        let _ = write!(
            text,
            "\nNext: cloakroom release build ... --sealed {}",
            self.sealed.display()
        );
        text
    }
}

impl Render for RevealReport {
    fn render(&self) -> String {
        let what = if self.shown { "Revealed" } else { "Checked" };
        format!(
            "{what} {} labels: they are those that were committed to.\n  {}\n  {}",
            self.labels,
            self.root,
            self.revealed.display()
        )
    }
}

impl Render for DiffReport {
    fn render(&self) -> String {
        let rows = self.changes.iter().map(|change| {
            vec![
                change.kind.name().to_owned(),
                change.patient.clone(),
                change.series.clone(),
                change.split.clone(),
                change.before.to_string(),
                change.after.to_string(),
            ]
        });
        let mut text = table(
            &["change", "patient", "series", "side", "before", "after"],
            rows,
        );
        let _ = writeln!(text, "\n{} patients came.", self.new_patients.len());
        for (patient, reason) in &self.gone_patients {
            let _ = writeln!(text, "{patient} went: {}", or_unknown(reason));
        }
        for patient in &self.moved_patients {
            let _ = writeln!(text, "{patient} is on another side, which must not be");
        }
        for file in &self.changed_files {
            let _ = writeln!(text, "other bytes: {file}");
        }
        let _ = write!(
            text,
            "A participant downloads {} shards ({}) and {} of other files, and drops {} shards.",
            self.new_shards.len(),
            bytes(self.new_bytes),
            bytes(self.other_bytes),
            self.gone_shards.len()
        );
        text
    }
}

fn or_unknown(reason: &str) -> &str {
    match reason {
        "" => "not selected any more, see changes.csv",
        reason => reason,
    }
}

impl Render for ShownObject {
    fn render(&self) -> String {
        let record = &self.record;
        let mut text = format!(
            "{}\n  ended:    {}\n  delivery: {} of {} for track {}, {}\n  tool:     {}\n  leaf:     {}\n",
            self.member,
            record.outcome,
            record.delivery,
            record.site,
            record.track,
            record.date,
            record.tool,
            self.leaf
        );
        if let Some(profile) = &record.profile {
            let _ = writeln!(
                text,
                "  profile:  {} {} ({})",
                profile.id, profile.version, profile.digest
            );
        }
        if let Some(pixels) = &record.pixels {
            let rules: Vec<&str> = pixels.rules.iter().map(|rule| rule.as_str()).collect();
            let _ = writeln!(
                text,
                "  pixels:   {:?} {}; {} areas wiped",
                pixels.reason,
                rules.join(" "),
                pixels.wiped.len()
            );
        }
        if let Some(private) = record.private {
            let _ = writeln!(
                text,
                "  private:  {} kept, {} removed",
                private.kept, private.removed
            );
        }
        for (kind, count) in &record.text {
            let _ = writeln!(text, "  text:     {count} × {kind} removed");
        }
        let actions = self
            .actions
            .as_ref()
            .map(|list| list.actions())
            .unwrap_or_default();
        let rows = actions.iter().map(|action| {
            vec![
                action.path.to_string(),
                action.action.to_string(),
                action.rule.to_string(),
                format!("{:?} to {:?}", action.before, action.after).to_lowercase(),
                action.count.to_string(),
            ]
        });
        let _ = writeln!(
            text,
            "\n{}",
            table(&["attribute", "action", "rule", "state", "times"], rows)
        );
        text
    }
}

impl Render for WrittenProof {
    fn render(&self) -> String {
        format!(
            "Wrote {}: the object is leaf {} of {}. docs/formats.md says how to check it without this program.",
            self.proof.display(),
            self.leaf,
            self.size
        )
    }
}

impl<R: Render> Render for Travelling<R> {
    fn render(&self) -> String {
        let mut text = self.report.render();
        if let Some(file) = &self.encrypted {
            let _ = write!(
                text,
                "\nEncrypted for the way: {}\nThe receiver opens it with:  age -d -i KEY {} | tar x\n",
                file.display(),
                file.file_name().unwrap_or_default().display()
            );
        }
        text
    }
}

impl Render for WrittenReport {
    fn render(&self) -> String {
        format!(
            "Wrote {}: open it in a browser. {} says the same to programs.",
            self.page.display(),
            self.json.display()
        )
    }
}

impl Render for SampleReport {
    fn render(&self) -> String {
        let mut text = format!(
            "Look at these {} series, drawn from {} by the signed head and your nonce:\n",
            self.series.len(),
            self.population
        );
        for series in &self.series {
            let _ = writeln!(text, "  {series}");
        }
        if !self.always.is_empty() {
            let _ = writeln!(text, "And at these, whose kind is always looked at:");
            for series in &self.always {
                let _ = writeln!(text, "  {series}");
            }
        }
        let _ = writeln!(
            text,
            "If none of the sample leaks, then with 95 % confidence at most {:.2} % of all series do, if you see every leak.",
            self.bound_if_clean * 100.0
        );
        text
    }
}

impl Render for InboxReport {
    fn render(&self) -> String {
        format!(
            "Received {} objects ({}), {} of them not new; {} could not be stored.\nNext: cloakroom ingest SITE {}",
            self.received.stored + self.received.repeated,
            bytes(self.received.bytes),
            self.received.repeated,
            self.received.not_stored,
            self.inbox.display()
        )
    }
}

impl Render for DemoReport {
    fn render(&self) -> String {
        let folder = self.folder.display();
        let held: Vec<String> = self
            .delivery
            .total
            .reasons
            .iter()
            .filter(|(key, _)| key.starts_with("held"))
            .map(|(key, tally)| format!("  {:3} × {key}", tally.count))
            .collect();
        let mut text = format!(
            "1. The hospital's export: {} with {} patients.\n   {folder}/export (made up: no file of a real person)\n\n\
             2. De-identified and gated: {} instances of {} patients went into the bundle.\n   {folder}/bundle\n   {}\n\n\
             3. Held for a person, because nobody vouches for them yet:\n{}\n   which files: {folder}/site/problems.csv\n\n\
             4. Released: track {} {}, {} instances, split by patient.\n   {folder}/release (README.md says how to check and load it without us)\n\n",
            tally(self.catalogue.found),
            self.catalogue.patients,
            self.delivery.released.instances,
            self.delivery.released.patients,
            equation(&self.delivery.total),
            held.join("\n"),
            self.release.track,
            self.release.version,
            self.release.counts.instances,
        );
        for report in &self.verified {
            let _ = writeln!(
                text,
                "5. Verified: {}\n",
                report.render().lines().last().unwrap_or_default()
            );
        }
        let _ = writeln!(
            text,
            "{} files ended as the hospital that made them up had planned.",
            self.as_planned
        );
        if !self.surprises.is_empty() {
            let _ = writeln!(text, "{} did not:", self.surprises.len());
            for surprise in &self.surprises {
                let _ = writeln!(text, "  {surprise}");
            }
        }
        let _ = writeln!(
            text,
            "\nWhere to look next:\n  cloakroom verify {folder}/release --trust {folder}/office/release.pub\n  \
             cloakroom extract {folder}/release --out {folder}/files\n  \
             cloakroom crosswalk {folder}/site --out {folder}/site/crosswalk\n  \
             {folder}/truth.json lists every name that was planted; none of them is in bundle or release."
        );
        text
    }
}
