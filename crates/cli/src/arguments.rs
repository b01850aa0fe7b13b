//! The arguments as clap reads them. Nothing is looked up or opened here.

use clap::{Args, Parser, Subcommand, ValueEnum};
use cloakroom_core::{ReviewerId, SiteName, StatedDate};
use cloakroom_pipeline::delivery::Partition;
use std::path::PathBuf;

/// De-identifies hospital DICOM exports and packs them into track releases that anyone can check.
#[derive(Parser)]
#[command(
    name = "cloakroom",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(
    after_help = "Try it on a synthetic hospital first:  cloakroom demo /tmp/hospital
Exit codes: 0 done · 1 done, and something needs a person · 2 wrong use · 3 a check failed · 4 could not run"
)]
pub(crate) struct Arguments {
    /// Answer in JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How many threads to use; all cores without it
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a synthetic hospital and take it all the way to a verified release
    #[command(after_help = "Example:\n  cloakroom demo /tmp/hospital")]
    Demo {
        /// A folder that does not exist yet
        dir: PathBuf,
    },
    /// Make a site folder (settings, site key, signing key), or an organiser's folder with a release key
    #[command(
        after_help = "Examples:\n  cloakroom init site --name GX01\n  cloakroom init office --organiser\n  \
                            cloakroom init site --reviewer R01"
    )]
    Init {
        /// A folder that does not exist yet, or is empty
        site: PathBuf,
        /// The pseudonymous name of the hospital; it appears in everything that leaves
        #[arg(long, default_value = "SITE")]
        name: SiteName,
        /// Make an organiser's folder instead: it holds a release key and never a site key
        #[arg(long, conflicts_with = "name")]
        organiser: bool,
        /// Make a key for a person who decides in review, in a site folder that exists: asks for a passphrase, or
        /// reads it as the first line of standard input
        #[arg(long, value_name = "ID", conflicts_with_all = ["name", "organiser"])]
        reviewer: Option<ReviewerId>,
    },
    /// Find out what is in an export; nothing is written outside the site folder
    #[command(after_help = "Example:\n  cloakroom ingest site /media/export /media/second.zip")]
    Ingest {
        site: PathBuf,
        /// Folders, DICOM files, or .zip and .tar archives
        #[arg(required = true)]
        export: Vec<PathBuf>,
    },
    /// Receive objects from a PACS into the site's inbox (C-STORE)
    #[command(
        after_help = "Example:\n  cloakroom receive site --aet CLOAKROOM --port 11112 --allow PACS1\n  \
                            cloakroom ingest site site/inbox"
    )]
    Receive(ReceiveArguments),
    /// Show what would be done, before anything is written
    #[command(after_help = "Example:\n  cloakroom plan site --track lung --profile contest")]
    Plan {
        #[command(flatten)]
        run: RunArguments,
        /// Show every distinct value (on this screen only; these are the hospital's own values)
        #[arg(long)]
        values: bool,
    },
    /// De-identify what was ingested and write a bundle for one track
    #[command(
        after_help = "Example:\n  cloakroom deid site --track lung --out lung-bundle --date 2026-11-23"
    )]
    Deid {
        #[command(flatten)]
        run: RunArguments,
        /// The bundle to write: a folder that does not exist yet
        #[arg(long)]
        out: PathBuf,
        /// The date to state in the bundle; today (UTC) without it
        #[arg(long)]
        date: Option<StatedDate>,
        /// How shards are stored: zstd is .tar.zst with one frame per series, none is plain .tar
        #[arg(long, value_enum, default_value = "zstd")]
        compression: Compression,
        /// Work on one part of the run only, i of n, and write it to OUT for `bundle merge`; needs --date
        #[arg(long, value_name = "I/N", requires = "date")]
        partition: Option<Partition>,
        /// Write BUNDLE.tar.age beside the bundle too, for this public key of age or the keys in this file;
        /// may be given several times
        #[arg(long, value_name = "KEY", conflicts_with = "partition")]
        encrypt_to: Vec<String>,
    },
    /// Join the parts that `deid --partition` made
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Re-key, clean and gate label files and tables of the hospital, and write a bundle of them
    #[command(
        after_help = "Example:\n  cloakroom labels site nodules.csv 1.2.840.99.7.nii.gz --track lung.yaml --out lung-labels\n\
                            The track file names the columns and segments that may leave; everything else goes. Rows name what they are\n\
                            about by PatientID, AccessionNumber, StudyInstanceUID, SeriesInstanceUID or SOPInstanceUID, as the hospital\n\
                            writes them or as they were released."
    )]
    Labels {
        site: PathBuf,
        /// Tables (.csv, .tsv, .json), COCO files (.json), masks (.nii, .nii.gz)
        #[arg(required = true)]
        file: Vec<PathBuf>,
        /// A track file, or the name of a shipped track
        #[arg(long)]
        track: String,
        /// The profile of the images
        #[arg(long, default_value = "contest")]
        profile: String,
        /// The bundle to write: a folder that does not exist yet
        #[arg(long)]
        out: PathBuf,
        /// The date to state in the bundle; today (UTC) without it
        #[arg(long)]
        date: Option<StatedDate>,
        /// Write BUNDLE.tar.age beside the bundle too, for this public key of age or the keys in this file;
        /// may be given several times
        #[arg(long, value_name = "KEY")]
        encrypt_to: Vec<String>,
    },
    /// Decide about what was held, on a web page that only this machine sees
    #[command(
        after_help = "Example:\n  cloakroom review site\nEach person who decides needs a key: cloakroom init site --reviewer R01"
    )]
    Review {
        site: PathBuf,
        /// The profile that the site delivers with
        #[arg(long, default_value = "contest")]
        profile: String,
        /// The port on 127.0.0.1; a free one without it
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Bar a patient from later deliveries and write a signed notice for the organiser
    #[command(
        after_help = "Example:\n  cloakroom withdraw site --patient 00123456 --track lung --out notice.json"
    )]
    Withdraw {
        site: PathBuf,
        /// The Patient ID as the hospital writes it
        #[arg(long)]
        patient: String,
        /// The track that the notice is for
        #[arg(long)]
        track: String,
        /// Why: consent, privacy, quality or legal
        #[arg(long, default_value = "consent")]
        reason: String,
        /// Where to write the notice
        #[arg(long)]
        out: PathBuf,
        /// The date to state in the notice; today (UTC) without it
        #[arg(long)]
        date: Option<StatedDate>,
    },
    /// Write who became whom; the files stay in the hospital
    #[command(
        after_help = "Example:\n  cloakroom crosswalk site --out site/crosswalk --format midi"
    )]
    Crosswalk {
        site: PathBuf,
        /// A folder that does not exist yet
        #[arg(long)]
        out: PathBuf,
        /// csv: one row a patient or UID; midi: the two files of id_old,id_new that the MIDI-B scorer reads
        #[arg(long, value_enum, default_value = "csv")]
        format: CrosswalkFormat,
        /// Only this track
        #[arg(long)]
        track: Option<String>,
    },
    /// Build, compare and amend track releases
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Check a bundle or a release; exit code 3 when anything is wrong
    #[command(
        after_help = "Examples:\n  cloakroom verify lung-1.0.0 --trust keys/\n  cloakroom verify lung-bundle\n\
                            Without --trust the signer is unknown, and the exit code is 1 at best."
    )]
    Verify {
        /// A bundle or a release
        path: PathBuf,
        /// A public key file, or a folder of them; may be given several times
        #[arg(long)]
        trust: Vec<PathBuf>,
        /// A checkpoint seen earlier: the log must still contain all that it had then
        #[arg(long)]
        since: Option<PathBuf>,
    },
    /// Unpack a bundle or a release to plain files
    #[command(after_help = "Example:\n  cloakroom extract lung-1.0.0 --out files")]
    Extract {
        /// A bundle or a release
        path: PathBuf,
        /// A folder that does not exist yet, or is empty
        #[arg(long)]
        out: PathBuf,
        /// Only this Series Instance UID
        #[arg(long)]
        series: Option<String>,
    },
    /// Read the log of a bundle or a release
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Write one page about a site, a bundle or a release: what was done, what waits, what is left to fear
    #[command(
        after_help = "Examples:\n  cloakroom report site\n  cloakroom report lung-1.0.0 --out lung.html --language zh\n\
                            The page holds English and Chinese, no script and no value of an original; beside it lies the same as JSON."
    )]
    Report {
        /// A site folder, a bundle or a release
        path: PathBuf,
        /// The page to write; without it report.html in the site folder, or NAME-report.html beside the package
        #[arg(long, value_name = "PAGE.html")]
        out: Option<PathBuf>,
        /// The language in which the page opens; both are in it
        #[arg(long, value_enum, default_value = "en")]
        language: ReportLanguage,
    },
    /// Look at de-identification profiles
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Write the manual pages and the shell completions, for those who pack the program
    #[command(hide = true)]
    Manual {
        /// A folder; `man` and `completions` are made in it
        out: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct RunArguments {
    pub(crate) site: PathBuf,
    /// A track id, or a track file
    #[arg(long)]
    pub(crate) track: String,
    /// The name of a shipped profile, or a profile file
    #[arg(long, default_value = "contest")]
    pub(crate) profile: String,
    /// A CSV file with a column PatientID, StudyInstanceUID or AccessionNumber: only these are chosen
    #[arg(long, value_name = "LIST.csv")]
    pub(crate) select: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ReceiveArguments {
    pub(crate) site: PathBuf,
    /// Our own application entity title
    #[arg(long)]
    pub(crate) aet: String,
    #[arg(long)]
    pub(crate) port: u16,
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) listen: std::net::IpAddr,
    /// A calling application entity title that may send; may be given several times, none lets nobody in
    #[arg(long, value_name = "AET")]
    pub(crate) allow: Vec<String>,
    /// How many associations at once
    #[arg(long, default_value_t = 8)]
    pub(crate) associations: usize,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Compression {
    Zstd,
    None,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ReportLanguage {
    En,
    Zh,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum CrosswalkFormat {
    Csv,
    Midi,
}

/// What every new version needs.
#[derive(Args)]
pub(crate) struct VersionArguments {
    #[arg(long)]
    pub(crate) version: String,
    /// The date of the release
    #[arg(long)]
    pub(crate) date: StatedDate,
    /// A folder that does not exist yet
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// The organiser's folder with the release key; without it the release is unsigned
    #[arg(long)]
    pub(crate) organiser: Option<PathBuf>,
    /// Trust these site keys as well as those of the track file
    #[arg(long)]
    pub(crate) trust: Vec<PathBuf>,
    /// The address of a folder that will hold the release, for the download lists; may be given several times
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum BundleCommand {
    /// Join all parts of a run to one bundle, inside the hospital: assign shards, sort the log, sign once
    #[command(
        after_help = "Example:\n  cloakroom bundle merge parts/1 parts/2 parts/3 --site site --out lung-bundle"
    )]
    Merge {
        /// Every part of the run
        #[arg(required = true)]
        part: Vec<PathBuf>,
        /// The site folder that the parts were made from
        #[arg(long)]
        site: PathBuf,
        /// The bundle to write: a folder that does not exist yet
        #[arg(long)]
        out: PathBuf,
        /// Write BUNDLE.tar.age beside the bundle too, for this public key of age or the keys in this file;
        /// may be given several times
        #[arg(long, value_name = "KEY")]
        encrypt_to: Vec<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum ReleaseCommand {
    /// Build a release of a track from the bundles of hospitals
    #[command(
        override_usage = "cloakroom release build TRACK BUNDLE... --version V --date D --out OUT [OPTIONS]",
        after_help = "Examples:\n  cloakroom release build lung.yaml gx01-bundle yn02-bundle --version 1.0.0 \\\n    \
                            --date 2026-11-23 --out lung-1.0.0 --organiser office\n  \
                            cloakroom release build lung.yaml gx01-bundle-2 --previous lung-1.0.0 --version 1.1.0 \\\n    \
                            --date 2027-01-15 --out lung-1.1.0 --organiser office"
    )]
    Build {
        /// The track file
        track: PathBuf,
        /// Bundles of hospitals that the track trusts: all of them, or with --previous only the new ones
        #[arg(required_unless_present = "previous")]
        bundle: Vec<PathBuf>,
        #[command(flatten)]
        version: VersionArguments,
        /// The release before this one
        #[arg(long)]
        previous: Option<PathBuf>,
        /// Withdrawal notices; may be given several times
        #[arg(long)]
        withdraw: Vec<PathBuf>,
        /// Waivers of findings, each with its .minisig beside it; may be given several times
        #[arg(long)]
        waive: Vec<PathBuf>,
        /// Sealed labels of the test side, as `release seal` wrote them
        #[arg(long, value_name = "SEALED")]
        sealed: Option<PathBuf>,
    },
    /// Make the next version without a patient, and remove the patient's shards from the older ones
    #[command(
        override_usage = "cloakroom release withdraw NOTICE... --track T --previous R --version V --date D --out OUT",
        after_help = "Examples:\n  cloakroom release withdraw notice.json --track lung.yaml --previous lung-1.0.0 \\\n    \
                            --version 1.0.1 --date 2027-02-01 --out lung-1.0.1 --organiser office\n  \
                            cloakroom release withdraw --patient GX01-7K2P --reason privacy --track lung.yaml \\\n    \
                            --previous lung-1.0.0 --version 1.0.1 --date 2027-02-01 --out lung-1.0.1 --organiser office"
    )]
    Withdraw {
        /// Notices of hospitals, each with its .minisig beside it
        #[arg(required_unless_present = "patient")]
        notice: Vec<PathBuf>,
        /// A released pseudonym that the organiser withdraws by its own decision; may be given several times
        #[arg(long, requires = "reason")]
        patient: Vec<String>,
        /// Why: consent, privacy, quality or legal
        #[arg(long)]
        reason: Option<String>,
        /// The track file
        #[arg(long)]
        track: PathBuf,
        /// The release that the patient is withdrawn from; it is incomplete afterwards
        #[arg(long)]
        previous: PathBuf,
        /// A still older release to remove the patient's shards from; may be given several times
        #[arg(long, value_name = "RELEASE")]
        purge: Vec<PathBuf>,
        #[command(flatten)]
        version: VersionArguments,
    },
    /// Encrypt the labels of the test side and commit to them, before the images go out
    #[command(
        after_help = "Example:\n  cloakroom release seal lung-draft labels.csv --recipient age1first --recipient age1second --out sealed"
    )]
    Seal {
        /// The release, or a draft of it, that says who is on the test side
        release: PathBuf,
        /// CSV tables with a column `patient`, and folders of PATIENT/FILE
        #[arg(required = true)]
        labels: Vec<PathBuf>,
        /// A public key of age, or a file with one; at least two
        #[arg(long, value_name = "KEY")]
        recipient: Vec<String>,
        /// A folder that does not exist yet, for `release build --sealed`
        #[arg(long)]
        out: PathBuf,
    },
    /// Show sealed labels in post/, signed; or without --identity check what was shown
    #[command(
        after_help = "Examples:\n  cloakroom release reveal lung-1.0.0 --identity key.txt --organiser office\n  \
                            cloakroom release reveal lung-1.0.0"
    )]
    Reveal {
        release: PathBuf,
        /// A file of age identities; may be given several times
        #[arg(long)]
        identity: Vec<PathBuf>,
        /// The organiser's folder with the release key
        #[arg(long)]
        organiser: Option<PathBuf>,
    },
    /// Show what changed between two releases
    #[command(after_help = "Example:\n  cloakroom release diff lung-1.0.0 lung-1.1.0")]
    Diff { a: PathBuf, b: PathBuf },
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// Tell in words what was done to one object
    #[command(after_help = "Example:\n  cloakroom audit show lung-1.0.0 2.25.1234567890")]
    Show {
        path: PathBuf,
        /// A SOP Instance UID, a member name, or a digest of the released object
        object: String,
    },
    /// Write a proof that one object is in the log, checkable without this program
    #[command(
        after_help = "Example:\n  cloakroom audit prove lung-1.0.0 2.25.1234567890 --out one.tlog-proof"
    )]
    Prove {
        path: PathBuf,
        object: String,
        #[arg(long)]
        out: PathBuf,
    },
    /// Draw a sample for a person to look at, that nobody could have chosen
    #[command(
        after_help = "Example:\n  cloakroom audit sample lung-1.0.0 --bound 1% --nonce \"dice: 3 5 1 6\""
    )]
    Sample {
        path: PathBuf,
        /// How many series
        #[arg(short = 'n', long, conflicts_with = "bound")]
        number: Option<u64>,
        /// The share of leaking series to rule out, such as 1%
        #[arg(long)]
        bound: Option<String>,
        /// With which confidence
        #[arg(long, default_value = "95%")]
        confidence: String,
        /// A text that the auditor makes up after the bundle is signed
        #[arg(long)]
        nonce: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the shipped profiles
    #[command(after_help = "Example:\n  cloakroom profile list")]
    List,
    /// Print a profile, or with --statement its conformance statement
    #[command(after_help = "Example:\n  cloakroom profile show contest --statement")]
    Show {
        profile: String,
        /// The DICOM conformance statement (PS3.15 E.1.3)
        #[arg(long)]
        statement: bool,
    },
    /// Check a profile file: all mistakes, with line, key and suggestion
    #[command(after_help = "Example:\n  cloakroom profile check mine.yaml")]
    Check { file: PathBuf },
    /// Tell which rule decides about an attribute, and why
    #[command(
        after_help = "Examples:\n  cloakroom profile explain 0010,0010\n  cloakroom profile explain StudyDate \
                            --profile tcia --sop-class 1.2.840.10008.5.1.4.1.1.2"
    )]
    Explain {
        /// gggg,eeee, a keyword, or a path such as (0040,0275)>(0040,0007)
        tag: String,
        #[arg(long, default_value = "contest")]
        profile: String,
        /// SOP Class UID; CT Image Storage without it
        #[arg(long, default_value = "1.2.840.10008.5.1.4.1.1.2")]
        sop_class: String,
    },
    /// Show which attributes change hands between two profiles
    #[command(after_help = "Example:\n  cloakroom profile diff basic contest")]
    Diff { a: String, b: String },
}
