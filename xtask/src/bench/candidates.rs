//! What is measured: this program, the limits of the machine, and what people would use instead.

use super::corpora::Corpus;
use std::path::Path;

/// One candidate: shell commands with `$IN` and `$OUT`, and what it is.
pub(super) struct Candidate {
    pub(super) name: String,
    /// Done before the clock starts.
    pub(super) before: String,
    pub(super) command: String,
    pub(super) kind: Kind,
    pub(super) needs: Vec<&'static str>,
    /// The exit codes of success.
    pub(super) exits: &'static [i32],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ours,
    Limit,
    Peer,
    /// Peers one after the other that together do the whole job.
    Chain,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Limit => "limit",
            Self::Peer => "peer",
            Self::Chain => "chain of peers",
        }
    }
}

pub(super) const INGEST: &str = "cloakroom ingest";
pub(super) const PLAIN: &str = "cloakroom deid, plain tar";
pub(super) const PLAIN_ALONE: &str = "cloakroom deid, plain tar, 1 thread";
pub(super) const ZSTD: &str = "cloakroom deid, tar.zst";
pub(super) const ZSTD_ALONE: &str = "cloakroom deid, tar.zst, 1 thread";
pub(super) const COPY_AND_HASH: &str = "cp -r, then openssl sha256, 2 processes";
pub(super) const TAR_ZSTD_3: &str = "tar, zstd -3 -T2";
pub(super) const DUMB: &str = "gdcmanon --dumb, 2 processes";
pub(super) const CHAIN_PLAIN: &str = "gdcmanon --dumb, sha256sum, tar, sha256sum";
pub(super) const CHAIN_ZSTD: &str = "gdcmanon --dumb, sha256sum, tar, zstd -3 -T2, sha256sum";

/// Every candidate for a corpus. Only slices are given to other people's tools: the other corpora ask how we grow.
pub(super) fn all(
    corpus: Corpus,
    program: &Path,
    site: &Path,
    python: Option<&Path>,
) -> Vec<Candidate> {
    let mut all = ours(program, site);
    if corpus != Corpus::Headers {
        all.extend(limits());
    }
    if corpus == Corpus::Slices {
        all.extend(peers());
        all.extend(python.into_iter().flat_map(python_peers));
        all.extend(chains());
    }
    all
}

fn candidate(kind: Kind, name: &str, command: String, needs: &[&'static str]) -> Candidate {
    Candidate {
        name: name.into(),
        before: "true".into(),
        command,
        kind,
        needs: needs.to_vec(),
        exits: &[0],
    }
}

fn ours(program: &Path, site: &Path) -> Vec<Candidate> {
    let (program, site) = (program.display(), site.display());
    let deid = |name: &str, compression: &str, threads: usize| Candidate {
        before: format!("cp -r {site} $OUT.site"),
        // Objects that wait for a person are a success too.
        exits: &[0, 1],
        ..candidate(
            Kind::Ours,
            name,
            format!(
                "exec {program} --threads {threads} deid $OUT.site --track bench --profile basic --date 2026-11-23 \
                 --compression {compression} --out $OUT"
            ),
            &[],
        )
    };
    vec![
        Candidate {
            before: format!("{program} init $OUT"),
            ..candidate(
                Kind::Ours,
                INGEST,
                format!("exec {program} --threads 2 ingest $OUT $IN"),
                &[],
            )
        },
        deid(PLAIN, "none", 2),
        deid(PLAIN_ALONE, "none", 1),
        deid(ZSTD, "zstd", 2),
        deid(ZSTD_ALONE, "zstd", 1),
    ]
}

fn limits() -> Vec<Candidate> {
    let limit = |name, command: &str, needs| candidate(Kind::Limit, name, command.into(), needs);
    let zstd = |level: u8| {
        let name = format!("tar, zstd -{level} -T2");
        let command = format!("tar -cf - $IN | zstd -q -{level} -T2 -o $OUT");
        candidate(Kind::Limit, &name, command, &["tar", "zstd"])
    };
    vec![
        limit("cp -r", "cp -r $IN $OUT", &["cp"]),
        limit(
            "sha256sum, 2 processes",
            "find $IN -type f -print0 | xargs -0 -n 64 -P 2 sha256sum > $OUT",
            &["sha256sum"],
        ),
        limit(
            COPY_AND_HASH,
            "cp -r $IN $OUT && find $OUT -type f -print0 | xargs -0 -n 64 -P 2 openssl dgst -sha256 > $OUT.sums",
            &["openssl"],
        ),
        limit("tar", "tar -cf $OUT $IN", &["tar"]),
        zstd(1),
        zstd(3),
    ]
}

/// De-identifies by gdcmanon into `$OUT`, a folder of a patient at a time, two at once.
const GDCMANON_DUMB: &str = "mkdir $OUT && ls $IN | xargs -P 2 -I D gdcmanon --dumb -r --continue --empty 10,10 --empty 10,20 \
     --remove 10,30 -i $IN/D -o $OUT/D";

fn peers() -> Vec<Candidate> {
    vec![
        candidate(Kind::Peer, DUMB, GDCMANON_DUMB.into(), &["gdcmanon"]),
        Candidate {
            before: "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=bench -keyout $OUT.key -out $OUT.crt".into(),
            ..candidate(
                Kind::Peer,
                "gdcmanon -e, 2 processes",
                "mkdir $OUT && ls $IN | xargs -P 2 -I D gdcmanon -e -r --continue -c $OUT.crt -i $IN/D -o $OUT/D".into(),
                &["gdcmanon", "openssl"],
            )
        },
        candidate(
            Kind::Peer,
            "cp -r, then dcmodify, 2 processes",
            "cp -r $IN $OUT && find $OUT -type f -print0 | xargs -0 -n 64 -P 2 dcmodify -nb -ie -imt -ep \
             -m '(0010,0010)=X' -m '(0010,0020)=X' -ea '(0010,0030)'"
                .into(),
            &["dcmodify"],
        ),
    ]
}

fn python_peers(python: &Path) -> Vec<Candidate> {
    let bin = python.display();
    let peer = |name: &str, program: &str, command: String| {
        python
            .join(program)
            .is_file()
            .then(|| candidate(Kind::Peer, name, command, &["xargs"]))
    };
    // Each series is a folder of its own, and both tools take one folder a run.
    let folders = "mkdir $OUT && find $IN -mindepth 2 -maxdepth 2 -type d | xargs -P 2 -I D sh -c";
    [
        peer(
            "dicognito, 2 processes",
            "dicognito",
            format!("{folders} '{bin}/python -m dicognito --quiet -o $OUT/$(basename D) D'"),
        ),
        peer(
            "dicom-anonymizer, 2 processes",
            "dicom-anonymizer",
            format!("{folders} 'mkdir $OUT/$(basename D) && {bin}/dicom-anonymizer D $OUT/$(basename D)'"),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The whole job by a chain: de-identify, a digest of each file, an archive, a digest of that.
fn chains() -> Vec<Candidate> {
    let chain = |name, archive: &str| {
        let command = format!(
            "{GDCMANON_DUMB} && find $OUT -type f -print0 | xargs -0 -n 64 -P 2 openssl dgst -sha256 > $OUT.sums \
             && {archive} && openssl dgst -sha256 $OUT.archive > $OUT.sum"
        );
        candidate(Kind::Chain, name, command, &["gdcmanon", "openssl"])
    };
    vec![
        chain(CHAIN_PLAIN, "tar -cf $OUT.archive $OUT"),
        chain(
            CHAIN_ZSTD,
            "tar -cf - $OUT | zstd -q -3 -T2 -o $OUT.archive",
        ),
    ]
}
