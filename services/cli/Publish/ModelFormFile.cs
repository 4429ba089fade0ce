using System.Text.Json;
using MedCloudCare.Model.V1;

namespace MedCloudCare.Cli.Publish;

/// <summary>
/// The form of a model as its researcher writes it down: <c>model.json</c>, an object of texts. Keys are the fields of
/// medcloudcare.model.v1.ModelForm (displayName or name, description, architecture, task, modality, bodyPart, framework,
/// performance, dataDescription, input, output, references) and visibility; underscores, hyphens and case do not matter.
/// </summary>
internal static class ModelFormFile
{
    private const int MaximumSize = 256 << 10;

    /// <summary>Reads a form.</summary>
    /// <param name="json">The file's contents.</param>
    /// <param name="name">For messages.</param>
    /// <param name="form">Receives the fields.</param>
    /// <returns>The visibility; unspecified if the file does not say.</returns>
    /// <exception cref="CliException">Not such a file, or an unknown key.</exception>
    public static Visibility Read(ReadOnlySpan<byte> json, string name, ModelForm form)
    {
        if (json.Length > MaximumSize)
        {
            throw CliException.Failed($"'{name}' is larger than {MaximumSize} bytes.");
        }

        Visibility visibility = Visibility.Unspecified;
        try
        {
            Utf8JsonReader reader = new(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 4 });
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                string text = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()!
                    : throw CliException.Failed($"'{name}': \"{property.Name}\" has to be a text.");
                if (Key(property.Name) == "visibility")
                {
                    visibility = VisibilityOf(text, name);
                }
                else
                {
                    Set(form, property.Name, text, name);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw CliException.Failed($"'{name}' is not a JSON object: {e.Message}");
        }

        return visibility;
    }

    /// <summary>Sets one field by its key.</summary>
    /// <exception cref="CliException">There is no such field.</exception>
    public static void Set(ModelForm form, string key, string text, string name)
    {
        switch (Key(key))
        {
            case "name" or "displayname": form.DisplayName = text; break;
            case "description": form.Description = text; break;
            case "architecture": form.Architecture = text; break;
            case "task": form.Task = TaskOf(text, name); break;
            case "modality": form.Modality = text; break;
            case "bodypart": form.BodyPart = text; break;
            case "framework": form.Framework = text; break;
            case "performance": form.Performance = text; break;
            case "datadescription" or "data": form.DataDescription = text; break;
            case "input": form.Input = text; break;
            case "output": form.Output = text; break;
            case "references": form.References = text; break;
            default: throw CliException.Failed($"'{name}': there is no field \"{key}\" in a model's form.");
        }
    }

    /// <summary>The task that a word means.</summary>
    public static InferType TaskOf(string word, string name)
    {
        const string prefix = "INFER_TYPE_";
        string bare = word.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? word[prefix.Length..] : word;
        return Enum.TryParse(bare, ignoreCase: true, out InferType task) && Enum.IsDefined(task) && task != InferType.Unspecified && !char.IsAsciiDigit(bare[0])
            ? task
            : throw CliException.Failed($"'{name}': \"{word}\" is no task.", "Tasks: segmentation, detection, classification, localisation, registration, processing.");
    }

    /// <summary>The visibility that a word means.</summary>
    public static Visibility VisibilityOf(string word, string name) => word.ToUpperInvariant() switch
    {
        "PRIVATE" or "VISIBILITY_PRIVATE" => Visibility.Private,
        "PUBLIC" or "VISIBILITY_PUBLIC" => Visibility.Public,
        _ => throw CliException.Failed($"'{name}': \"{word}\" is no visibility.", "It is private or public."),
    };

    private static string Key(string key) =>
        key.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
}
