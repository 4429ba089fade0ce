using MedCloudCare.Dicom;

namespace MedCloudCare.Studies;

/// <summary>
/// Matching of dates, times and date-times: a value means all moments that its precision leaves open (10 is 10:00:00 to
/// 10:59:59.999999), a range runs from the first moment of its start to the last one of its end. Both forms of dates are read
/// (20240131, 2024.01.31); offsets from UTC are not applied.
/// </summary>
internal sealed class MomentMatcher : ValueMatcher
{
    private readonly int _dateDigits;
    private readonly bool _hasTime;
    private readonly long _from = long.MinValue;
    private readonly long _to = long.MaxValue;

    public MomentMatcher(DicomVR vr, string value)
    {
        _dateDigits = vr == DicomVR.TM ? 0 : 8;
        _hasTime = vr != DicomVR.DA;
        int dash = value.IndexOf('-', StringComparison.Ordinal);
        string start = (dash < 0 ? value : value[..dash]).Trim();
        string end = (dash < 0 ? value : value[(dash + 1)..]).Trim();
        if (start.Length == 0 && end.Length == 0)
        {
            throw new FormatException("is a range without ends");
        }

        if (start.Length > 0)
        {
            _from = TryRead(start, last: false, out long from) ? from : throw Malformed(vr);
        }

        if (end.Length > 0)
        {
            _to = TryRead(end, last: true, out long to) ? to : throw Malformed(vr);
        }
    }

    public override bool MatchesOne(ReadOnlySpan<char> value) =>
        !value.IsEmpty && TryRead(value, last: false, out long moment) && moment >= _from && moment <= _to;

    private static FormatException Malformed(DicomVR vr) => new(vr switch
    {
        DicomVR.DA => "is not a date (YYYYMMDD) or a range of dates",
        DicomVR.TM => "is not a time (HHMMSS.FFFFFF) or a range of times",
        _ => "is not a date-time or a range of them",
    });

    /// <summary>Reads YYYYMMDD, HHMMSS.FFFFFF or both as one number of up to 20 digits; what is missing becomes the first or last.</summary>
    private bool TryRead(ReadOnlySpan<char> text, bool last, out long moment)
    {
        // YYYY MM DD HH MM SS FFFFFF: each part's digits and its greatest value.
        ReadOnlySpan<(int Digits, int Last)> parts = [(4, 9999), (2, 12), (2, 31), (2, 23), (2, 59), (2, 60), (6, 999_999)];
        int part = _dateDigits == 0 ? 3 : 0;
        int end = _hasTime ? 7 : 3;
        int read = 0;
        moment = 0;
        for (; part < end; part++)
        {
            text = SkipSeparator(text, part);
            (int digits, int greatest) = parts[part];
            int number;
            if (text.IsEmpty)
            {
                bool isDay = part is 1 or 2;
                number = last ? greatest : isDay ? 1 : 0;
                if (read == 0 || (!_hasTime && part < 3))
                {
                    return false;
                }
            }
            else if (!TryTake(ref text, digits, isFraction: part == 6, last, out number) || number > greatest)
            {
                return false;
            }
            else
            {
                read++;
            }

            moment = (moment * (part == 6 ? 1_000_000 : part == 0 ? 1 : 100)) + number;
        }

        return text.IsEmpty || (_dateDigits > 0 && _hasTime && text[0] is '+' or '-' or '&');
    }

    private static ReadOnlySpan<char> SkipSeparator(ReadOnlySpan<char> text, int part)
    {
        bool isSeparator = !text.IsEmpty && (text[0] == '.' ? part is 1 or 2 or 6 : text[0] == ':' && part is 4 or 5);
        return isSeparator ? text[1..] : text;
    }

    private static bool TryTake(ref ReadOnlySpan<char> text, int digits, bool isFraction, bool last, out int number)
    {
        number = 0;
        int taken = 0;
        while (taken < digits && !text.IsEmpty && char.IsAsciiDigit(text[0]))
        {
            number = (number * 10) + (text[0] - '0');
            text = text[1..];
            taken++;
        }

        if (!isFraction)
        {
            return taken == digits;
        }

        for (; taken < digits; taken++)
        {
            number = (number * 10) + (last ? 9 : 0);
        }

        return true;
    }
}
