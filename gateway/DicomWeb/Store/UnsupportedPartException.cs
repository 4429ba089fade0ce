namespace MedCloudCare.Gateway.DicomWeb.Store;

/// <summary>Bulk data in another encoding than that of the transfer syntax that is written.</summary>
internal sealed class UnsupportedPartException()
    : Errors.UnsupportedBodyException("Bulk data of DICOM JSON are taken as application/octet-stream; send compressed pixel data as application/dicom.");
