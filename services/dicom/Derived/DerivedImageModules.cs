namespace MedCloudCare.Dicom.Derived;

/// <summary>General Image, Image Plane, Image Pixel, and CT, MR or SC Image of a derived instance (PS3.3 §C.7.6, §C.8.2.1, §C.8.3.1, §C.8.6).</summary>
internal static class DerivedImageModules
{
    private static readonly DicomTag[] OfAcquisition =
    [
        DicomTags.PatientPosition, DicomTags.ProtocolName, DicomTags.AcquisitionNumber, DicomTags.AcquisitionDate, DicomTags.AcquisitionTime,
        DicomTags.TemporalPositionIdentifier, DicomTags.NumberOfTemporalPositions, DicomTags.SliceLocation, DicomTags.WindowCenter,
        DicomTags.WindowWidth, DicomTags.ContrastBolusAgent, DicomTags.ContrastBolusRoute,
    ];

    private static readonly DicomTag[] OfPlane = [DicomTags.PixelAspectRatio];

    private static readonly DicomTag[] OfCt =
    [
        DicomTags.KVP, DicomTags.ScanOptions, DicomTags.DataCollectionDiameter, DicomTags.ReconstructionDiameter,
        DicomTags.DistanceSourceToDetector, DicomTags.DistanceSourceToPatient, DicomTags.GantryDetectorTilt, DicomTags.TableHeight,
        DicomTags.RotationDirection, DicomTags.ExposureTime, DicomTags.XRayTubeCurrent, DicomTags.Exposure, DicomTags.FilterType,
        DicomTags.GeneratorPower, DicomTags.FocalSpots, DicomTags.ConvolutionKernel, DicomTags.RevolutionTime, DicomTags.SingleCollimationWidth,
        DicomTags.TotalCollimationWidth, DicomTags.TableSpeed, DicomTags.SpiralPitchFactor, DicomTags.CTDIvol,
    ];

    private static readonly DicomTag[] OfMr =
    [
        DicomTags.ScanningSequence, DicomTags.SequenceVariant, DicomTags.ScanOptions, DicomTags.MRAcquisitionType, DicomTags.SequenceName,
        DicomTags.AngioFlag, DicomTags.RepetitionTime, DicomTags.EchoTime, DicomTags.InversionTime, DicomTags.NumberOfAverages,
        DicomTags.ImagingFrequency, DicomTags.ImagedNucleus, DicomTags.EchoNumbers, DicomTags.MagneticFieldStrength,
        DicomTags.SpacingBetweenSlices, DicomTags.NumberOfPhaseEncodingSteps, DicomTags.PercentSampling, DicomTags.PercentPhaseFieldOfView,
        DicomTags.EchoTrainLength, DicomTags.PixelBandwidth, DicomTags.TriggerTime, DicomTags.ReceiveCoilName, DicomTags.TransmitCoilName,
        DicomTags.AcquisitionMatrix, DicomTags.InPlanePhaseEncodingDirection, DicomTags.FlipAngle, DicomTags.SAR, DicomTags.VariableFlipAngleFlag,
    ];

    public static DicomDataset Create(
        SourceSeries source, int slice, DerivedSeriesIdentity identity, string sopClassUid, string sopInstanceUid, ReadOnlySpan<short> pixels)
    {
        var image = source.Slices[slice];
        var header = image.Header;
        var isSecondaryCapture = sopClassUid == SopClasses.SecondaryCaptureImageStorage;
        var modality = header.GetString(DicomTags.Modality) ?? "OT";
        var dataset = CommonModules.Start(header, identity, modality).AddEquipment(identity).AddLossyCompression(header);
        CommonModules.Copy(header, dataset, OfAcquisition);
        AddPlane(dataset, source, image);
        AddPixels(dataset, source, pixels);
        AddDerivation(dataset, image, identity.Algorithm);
        dataset
            .Set(DicomTags.SOPClassUID, sopClassUid)
            .Set(DicomTags.SOPInstanceUID, sopInstanceUid)
            .Set(DicomTags.InstanceNumber, slice + 1.0);

        if (isSecondaryCapture) return dataset.Set(DicomTags.ConversionType, "WSD").Set(DicomTags.ImageType, "DERIVED", "SECONDARY");
        return sopClassUid == SopClasses.CTImageStorage ? AddCt(dataset, header) : AddMr(dataset, header);
    }

    private static DicomDataset AddCt(DicomDataset dataset, DicomDataset header)
    {
        EnsurePresent(dataset, DicomTags.AcquisitionNumber, DicomTags.KVP, DicomTags.PatientPosition);
        CommonModules.Copy(header, dataset, OfCt);
        return dataset
            .Set(DicomTags.ImageType, "DERIVED", "SECONDARY", ThirdValue(header, "AXIAL"))
            .Set(DicomTags.RescaleIntercept, 0.0)
            .Set(DicomTags.RescaleSlope, 1.0)
            .Set(DicomTags.RescaleType, header.GetString(DicomTags.RescaleType) ?? "HU");
    }

    private static DicomDataset AddMr(DicomDataset dataset, DicomDataset header)
    {
        EnsurePresent(dataset, DicomTags.MRAcquisitionType, DicomTags.EchoTime, DicomTags.EchoTrainLength, DicomTags.ScanOptions, DicomTags.RepetitionTime, DicomTags.PatientPosition);
        CommonModules.Copy(header, dataset, OfMr);
        // Required with a value, and "research mode" is the standard's word for what is not known.
        if (dataset.GetString(DicomTags.ScanningSequence) is null) dataset.Set(DicomTags.ScanningSequence, "RM");
        if (dataset.GetString(DicomTags.SequenceVariant) is null) dataset.Set(DicomTags.SequenceVariant, "NONE");
        return dataset.Set(DicomTags.ImageType, "DERIVED", "SECONDARY", ThirdValue(header, "OTHER"));
    }

    /// <summary>Type 2 attributes stay empty where the source has none.</summary>
    private static void EnsurePresent(DicomDataset dataset, params ReadOnlySpan<DicomTag> tags)
    {
        foreach (var tag in tags)
        {
            if (!dataset.Contains(tag)) dataset.Set(CommonModules.Empty(tag));
        }
    }

    private static string ThirdValue(DicomDataset header, string otherwise) =>
        header.GetStrings(DicomTags.ImageType) is { Count: > 2 } type && type[2].Length > 0 ? type[2] : otherwise;

    private static void AddPlane(DicomDataset dataset, SourceSeries source, SourceSlice image)
    {
        CommonModules.Copy(image.Header, dataset, OfPlane);
        if (image.PixelSpacing is { } spacing) dataset.Set(spacing);
        dataset.Set(image.SliceThickness ?? CommonModules.Empty(DicomTags.SliceThickness));
        if (!source.HasGeometry)
        {
            dataset.AddPatientOrientation(image.Header);
            return;
        }

        dataset.Set(image.Position!).Set(image.Orientation!).AddFrameOfReference(image.Header);
    }

    private static void AddPixels(DicomDataset dataset, SourceSeries source, ReadOnlySpan<short> pixels)
    {
        short smallest = short.MaxValue, largest = short.MinValue;
        foreach (var pixel in pixels) (smallest, largest) = (Math.Min(smallest, pixel), Math.Max(largest, pixel));
        dataset
            .Set(DicomTags.SamplesPerPixel, 1.0)
            .Set(DicomTags.PhotometricInterpretation, "MONOCHROME2")
            .Set(DicomTags.Rows, (double)source.Rows)
            .Set(DicomTags.Columns, (double)source.Columns)
            .Set(DicomTags.BitsAllocated, 16.0)
            .Set(DicomTags.BitsStored, 16.0)
            .Set(DicomTags.HighBit, 15.0)
            .Set(DicomTags.PixelRepresentation, 1.0)
            .Set(DicomTags.SmallestImagePixelValue, DicomVR.SS, smallest)
            .Set(DicomTags.LargestImagePixelValue, DicomVR.SS, largest);
    }

    private static void AddDerivation(DicomDataset dataset, SourceSlice image, AlgorithmDescription algorithm) => dataset
        .Set(DicomTags.DerivationDescription, AlgorithmDescription.ShortText($"{algorithm.Name}, version {algorithm.Version}, {algorithm.Digest}"))
        .SetItems(DicomTags.SourceImageSequence, image.ToSourceImage());
}
