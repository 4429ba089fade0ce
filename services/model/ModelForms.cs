using MedCloudCare.Model.V1;
using MedCloudCare.Platform.Errors;

namespace MedCloudCare.Models;

/// <summary>Checks what a researcher says about a model.</summary>
internal static class ModelForms
{
    private const int NameLength = 80;
    private const int TextLength = 4000;
    private const int CodeLength = 16;

    /// <summary>A form as it is stored: trimmed, codes in upper case as DICOM writes them (CS).</summary>
    /// <exception cref="Grpc.Core.RpcException">FIELD_INVALID.</exception>
    public static ModelForm Normalize(ModelForm? form)
    {
        if (form is null)
        {
            throw MeshErrors.Invalid("start.form", "is missing");
        }

        ModelForm clean = form.Clone();
        clean.DisplayName = form.DisplayName.Trim();
        if (clean.DisplayName.Length is 0 or > NameLength || clean.DisplayName.Any(char.IsControl))
        {
            throw MeshErrors.Invalid("start.form.display_name", $"must have 1 to {NameLength} printable characters");
        }

        if (!Enum.IsDefined(form.Task) || form.Task == InferType.Unspecified)
        {
            throw MeshErrors.Invalid("start.form.task", "must be one of the values of InferType");
        }

        clean.Modality = Code(form.Modality, "start.form.modality");
        clean.BodyPart = Code(form.BodyPart, "start.form.body_part");
        foreach ((string field, string text) in Texts(form))
        {
            if (text.Length > TextLength || text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')))
            {
                throw MeshErrors.Invalid("start.form." + field, $"must have at most {TextLength} printable characters");
            }
        }

        return clean;
    }

    /// <summary>A visibility that was chosen.</summary>
    /// <exception cref="Grpc.Core.RpcException">FIELD_INVALID.</exception>
    public static Visibility Choose(Visibility visibility, string field) =>
        visibility is Visibility.Private or Visibility.Public ? visibility : throw MeshErrors.Invalid(field, "must be private or public");

    /// <summary>A value of a DICOM attribute of VR CS, in upper case; may be empty.</summary>
    /// <exception cref="Grpc.Core.RpcException">FIELD_INVALID.</exception>
    public static string Code(string value, string field)
    {
        string code = value.Trim().ToUpperInvariant();
        return code.Length <= CodeLength && code.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c is ' ' or '_')
            ? code
            : throw MeshErrors.Invalid(field, $"must have at most {CodeLength} letters, digits, spaces or underscores");
    }

    private static (string Field, string Text)[] Texts(ModelForm form) =>
    [
        ("description", form.Description), ("architecture", form.Architecture), ("framework", form.Framework),
        ("performance", form.Performance), ("data_description", form.DataDescription), ("input", form.Input),
        ("output", form.Output), ("references", form.References),
    ];
}
