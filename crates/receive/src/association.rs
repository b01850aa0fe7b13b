//! One association, from its request to its end.

use crate::command::{self, C_CANCEL, C_ECHO, C_STORE, Command, LONGEST_COMMAND, status};
use crate::inbox::{Inbox, Incoming};
use crate::negotiate::{Contexts, acceptance, check, is_uid, rejection};
use crate::settings::{
    Ending, NotStored, Peer, ReceiveEvent, ReceiveProgress, ReceiveSettings, Refusal,
};
use crate::wire::{Ended, Received, Value, Wire, values};
use cloakroom_core::Phi;
use dicom_ul::pdu::{AbortRQServiceProviderReason, AbortRQSource, Pdu};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

/// What an association works with.
pub(crate) struct Surroundings<'a> {
    pub(crate) settings: &'a ReceiveSettings,
    pub(crate) inbox: &'a Inbox,
    pub(crate) progress: &'a dyn ReceiveProgress,
    /// Whether as many associations as allowed are open already.
    pub(crate) is_full: bool,
}

/// Serves one peer to the end.
pub(crate) fn run<'a, S: Read + Write>(
    mut wire: Wire<'a, S>,
    address: SocketAddr,
    around: &'a Surroundings<'a>,
) {
    let mut peer = Peer {
        address,
        calling: String::new(),
    };
    let contexts = match open(&mut wire, &mut peer, around) {
        Ok(contexts) => contexts,
        Err(refusal) => {
            let event = ReceiveEvent::Refused(Phi::new(peer), refusal);
            return around.progress.event(&event);
        }
    };
    around
        .progress
        .event(&ReceiveEvent::Opened(Phi::new(peer.clone())));
    let mut association = Association {
        wire,
        contexts,
        around,
        message: Message::None,
    };
    let ending = association.serve();
    around
        .progress
        .event(&ReceiveEvent::Closed(Phi::new(peer), ending));
}

fn open<S: Read + Write>(
    wire: &mut Wire<S>,
    peer: &mut Peer,
    around: &Surroundings,
) -> Result<Contexts, Refusal> {
    let settings = around.settings;
    let deadline = Instant::now() + settings.limits.request_time;
    let request = match wire.receive(true, Some(deadline)) {
        Ok(Received::Other(pdu)) => match *pdu {
            Pdu::AssociationRQ(request) => request,
            _ => return Err(Refusal::NotDicom),
        },
        _ => return Err(Refusal::NotDicom),
    };
    request
        .calling_ae_title
        .trim()
        .clone_into(&mut peer.calling);
    let checked = check(
        &request,
        &settings.ae_title,
        &settings.callers,
        around.is_full,
    );
    if let Err(refusal) = checked {
        // A peer that does not stay for the answer is refused all the same.
        let _ = wire.send(&rejection(refusal));
        return Err(refusal);
    }
    let (answer, contexts) = acceptance(request);
    wire.send(&answer).map_err(|_| Refusal::NotDicom)?;
    Ok(contexts)
}

/// Where a data set goes; or the status for the peer, and what to tell of it.
type Object<'a> = Result<Box<Incoming<'a>>, (u16, Option<NotStored>)>;

/// The message at work.
enum Message<'a> {
    /// None.
    None,
    /// Its command set is not complete.
    Command { context: u8, bytes: Vec<u8> },
    /// Its data set is not complete.
    DataSet {
        context: u8,
        command: Command,
        object: Object<'a>,
    },
}

struct Association<'a, S> {
    wire: Wire<'a, S>,
    contexts: Contexts,
    around: &'a Surroundings<'a>,
    message: Message<'a>,
}

impl<'a, S: Read + Write> Association<'a, S> {
    fn serve(&mut self) -> Ending {
        loop {
            let between = matches!(self.message, Message::None);
            let ended = match self.wire.receive(between, None) {
                Ok(Received::Data(pdu)) => match self.take(&pdu) {
                    Ok(()) => continue,
                    Err(ended) => ended,
                },
                Ok(Received::Other(pdu)) => match *pdu {
                    Pdu::ReleaseRQ => {
                        return match self.wire.send(&Pdu::ReleaseRP) {
                            Ok(()) => Ending::Released,
                            Err(_) => Ending::Lost,
                        };
                    }
                    Pdu::AbortRQ { .. } => return Ending::Lost,
                    _ => Ended::Nonsense,
                },
                Err(ended) => ended,
            };
            return self.abort(ended);
        }
    }

    fn abort(&mut self, ended: Ended) -> Ending {
        // What was half received goes before the peer can hear of the end and come again.
        self.message = Message::None;
        let (reason, ending) = match ended {
            Ended::Lost => return Ending::Lost,
            Ended::Idle => (
                AbortRQServiceProviderReason::ReasonNotSpecified,
                Ending::Aborted,
            ),
            Ended::Nonsense => (AbortRQServiceProviderReason::UnexpectedPdu, Ending::Aborted),
            Ended::Stopping => (
                AbortRQServiceProviderReason::ReasonNotSpecified,
                Ending::Stopped,
            ),
        };
        let source = AbortRQSource::ServiceProvider(reason);
        // The peer may be gone already.
        let _ = self.wire.send(&Pdu::AbortRQ { source });
        ending
    }

    fn take(&mut self, pdu: &[u8]) -> Result<(), Ended> {
        for value in values(pdu).ok_or(Ended::Nonsense)? {
            if value.is_command {
                self.take_command(&value)?;
            } else {
                self.take_data(&value)?;
            }
        }
        Ok(())
    }

    fn take_command(&mut self, value: &Value) -> Result<(), Ended> {
        let mut bytes = match std::mem::replace(&mut self.message, Message::None) {
            Message::None if self.contexts.contains_key(&value.context) => Vec::new(),
            Message::Command { context, bytes } if context == value.context => bytes,
            _ => return Err(Ended::Nonsense),
        };
        bytes.extend_from_slice(value.bytes);
        if bytes.len() > LONGEST_COMMAND {
            return Err(Ended::Nonsense);
        }
        if !value.is_last {
            let context = value.context;
            self.message = Message::Command { context, bytes };
            return Ok(());
        }
        let command = command::parse(&bytes).ok_or(Ended::Nonsense)?;
        self.obey(value.context, command)
    }

    fn obey(&mut self, context: u8, command: Command) -> Result<(), Ended> {
        let object = match command.field {
            C_ECHO if !command.has_data_set => {
                self.around.progress.event(&ReceiveEvent::Echoed);
                return self.answer(context, &command, status::SUCCESS);
            }
            // Nothing that is done here can be cancelled.
            C_CANCEL => return Ok(()),
            C_STORE => self.begin_object(context, &command),
            _ => Err((status::UNRECOGNIZED_OPERATION, None)),
        };
        if command.has_data_set {
            self.message = Message::DataSet {
                context,
                command,
                object,
            };
            return Ok(());
        }
        let status = match object {
            Ok(_) => {
                let reason = NotStored::NotUnderstood;
                self.around.progress.event(&ReceiveEvent::NotStored(reason));
                status::CANNOT_UNDERSTAND
            }
            Err((status, reason)) => {
                self.tell(reason);
                status
            }
        };
        self.answer(context, &command, status)
    }

    fn begin_object(&self, context: u8, command: &Command) -> Object<'a> {
        let around = self.around;
        let Some(agreed) = self.contexts.get(&context) else {
            return Err((status::CANNOT_UNDERSTAND, Some(NotStored::NotUnderstood)));
        };
        // Some peers leave the class to the presentation context.
        let class = if command.class.is_empty() {
            &agreed.abstract_syntax
        } else {
            &command.class
        };
        if !is_uid(class) || !is_uid(&command.instance) {
            return Err((status::CANNOT_UNDERSTAND, Some(NotStored::NotUnderstood)));
        }
        around
            .inbox
            .begin(class, &command.instance, &agreed.transfer_syntax)
            .map(Box::new)
            .map_err(|_| (status::OUT_OF_RESOURCES, Some(NotStored::DiskFailed)))
    }

    fn take_data(&mut self, value: &Value) -> Result<(), Ended> {
        let limit = self.around.settings.limits.object_bytes;
        let Message::DataSet {
            context, object, ..
        } = &mut self.message
        else {
            return Err(Ended::Nonsense);
        };
        if *context != value.context {
            return Err(Ended::Nonsense);
        }
        if let Ok(incoming) = object {
            let len = incoming.data_set_len() + value.bytes.len() as u64;
            if len > limit {
                *object = Err((status::OUT_OF_RESOURCES, Some(NotStored::TooLarge)));
            } else if incoming.write(value.bytes).is_err() {
                *object = Err((status::OUT_OF_RESOURCES, Some(NotStored::DiskFailed)));
            }
        }
        if value.is_last { self.finish() } else { Ok(()) }
    }

    /// The peer hears of success only when the object is in the inbox for good.
    fn finish(&mut self) -> Result<(), Ended> {
        let message = std::mem::replace(&mut self.message, Message::None);
        let Message::DataSet {
            context,
            command,
            object,
        } = message
        else {
            return Err(Ended::Nonsense);
        };
        let stored = object.and_then(|incoming| {
            if incoming.data_set_len() == 0 {
                return Err((status::CANNOT_UNDERSTAND, Some(NotStored::NotUnderstood)));
            }
            let failed = |_| (status::OUT_OF_RESOURCES, Some(NotStored::DiskFailed));
            incoming.commit().map_err(failed)
        });
        let status = match stored {
            Ok((bytes, new)) => {
                self.around
                    .progress
                    .event(&ReceiveEvent::Stored { bytes, new });
                status::SUCCESS
            }
            Err((status, reason)) => {
                self.tell(reason);
                status
            }
        };
        self.answer(context, &command, status)
    }

    fn tell(&self, reason: Option<NotStored>) {
        if let Some(reason) = reason {
            self.around.progress.event(&ReceiveEvent::NotStored(reason));
        }
    }

    fn answer(&mut self, context: u8, command: &Command, status: u16) -> Result<(), Ended> {
        self.wire
            .send_command(context, &command::response(command, status))
    }
}
