namespace MedCloudCare.Gateway.Dimse.Messages;

/// <summary>Status of a response (PS3.7 annex C, PS3.4 §B.2.3) with the comment that goes along for people.</summary>
/// <param name="Code">(0000,0900).</param>
/// <param name="Comment">(0000,0902): at most 64 characters, without patient data; empty for none.</param>
internal readonly record struct DimseStatus(ushort Code, string Comment = "")
{
    /// <summary>The instance is committed.</summary>
    public static readonly DimseStatus Success = new(0x0000);

    /// <summary>The instance is committed, with a warning: an inquiry about its study answers otherwise than the instance says (PS3.4 table B.2-1).</summary>
    public static DimseStatus Coerced(string comment) => new(0xB000, comment);

    /// <summary>The instance is committed.</summary>
    public bool IsStored => Code is 0x0000 or 0xB000;

    /// <summary>The system is at fault, or something it needs does not answer.</summary>
    public static DimseStatus ProcessingFailure(string comment) => new(0x0110, comment);

    /// <summary>Other bytes are stored under this SOP Instance UID; they are kept.</summary>
    public static readonly DimseStatus DuplicateInstance = new(0x0111, "Other content is stored under this SOP Instance UID");

    /// <summary>A mandatory element of the command is missing or malformed.</summary>
    public static readonly DimseStatus MistypedArgument = new(0x0212, "An argument of the command is missing or malformed");

    /// <summary>The presentation context is not one for this SOP class.</summary>
    public static readonly DimseStatus ClassNotSupported = new(0x0122, "The presentation context is of another SOP class");

    /// <summary>The calling AE title may not store (any more), or its owner may not.</summary>
    public static readonly DimseStatus NotAuthorized = new(0x0124, "The calling AE title may not store");

    /// <summary>Only C-ECHO and C-STORE are answered.</summary>
    public static readonly DimseStatus UnrecognizedOperation = new(0x0211, "Only C-ECHO and C-STORE are served");

    /// <summary>Space, memory or a limit; to be tried again.</summary>
    public static DimseStatus OutOfResources(string comment) => new(0xA700, comment);

    /// <summary>The data set is not the one that the command announces.</summary>
    public static readonly DimseStatus DoesNotMatch = new(0xA900, "Data set and command name other SOP classes or instances");

    /// <summary>The data set cannot be read.</summary>
    public static DimseStatus CannotUnderstand(string comment) => new(0xC000, comment);
}
