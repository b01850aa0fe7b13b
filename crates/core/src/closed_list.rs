//! Closed lists: enumerations whose every member has a stable code and words for people.

/// Defines an enumeration whose members carry a stable code, what the member means, and what to do.
macro_rules! closed_list {
    ($(#[$meta:meta])* $name:ident { $( $(#[$vmeta:meta])* $member:ident = $code:literal, $meaning:literal, $next:literal; )+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( #[doc = $meaning] $(#[$vmeta])* $member, )+
        }

        impl $name {
            /// Every member, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The stable code that logs, reports and evidence use.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$member => $code),+ }
            }

            /// What it means, as a sentence without values.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$member => $meaning),+ }
            }

            /// What a person can do about it.
            #[must_use]
            pub const fn next_step(self) -> &'static str {
                match self { $(Self::$member => $next),+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::outcome::UnknownCode;
            fn from_str(code: &str) -> Result<Self, Self::Err> {
                match code { $($code => Ok(Self::$member),)+ _ => Err($crate::outcome::UnknownCode) }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = alloc::string::String::deserialize(deserializer)?;
                code.parse().map_err(|_| serde::de::Error::custom("not a code of this closed list"))
            }
        }
    };
}

pub(crate) use closed_list;
